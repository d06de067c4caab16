using System.Buffers;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>
/// Writes the entries of one page. A position counts the entries of the list before anybody's permissions are looked at, so that it means the
/// same for every caller.
/// </summary>
internal ref struct PageWriter
{
    private readonly IBufferWriter<byte> _writer;
    private readonly ListRequest _request;
    private int _position;
    private int _start;
    private int _written;

    public PageWriter(IBufferWriter<byte> writer, in ListRequest request)
    {
        _writer = writer;
        _request = request;
    }

    /// <summary>Writes the page that begins at a position; returns where the next one begins, or -1 after the last.</summary>
    public int Write(int start)
    {
        _start = start;
        if (_request.Single is { } single)
        {
            return WriteOwn(single, isAggregate: false) ? -1 : _position;
        }

        for (var i = 0; i < _request.Catalog.Parts.Count; i++)
        {
            var part = _request.Catalog.Parts[i];
            var goesOn = _request.Kind.IsNamedByUri()
                ? WriteOwn(part, isAggregate: true)
                : WriteRenamed(part, _request.Catalog.Tables.Names(_request.Kind).Listed(i));
            if (!goesOn)
            {
                return _position;
            }
        }

        return -1;
    }

    private bool WriteRenamed(CatalogPart part, ExposedEntry[] entries)
    {
        if (Passes(part, entries.Length))
        {
            return true;
        }

        foreach (var (entry, name) in entries)
        {
            if (_position >= _start && IsVisible(part, entry))
            {
                if (_written == CatalogLists.PageSize)
                {
                    return false;
                }

                WriteEntry(part, entry, name, isAggregate: true);
            }

            _position++;
        }

        return true;
    }

    private bool WriteOwn(CatalogPart part, bool isAggregate)
    {
        var entries = part[_request.Kind].Entries;
        if (Passes(part, entries.Length))
        {
            return true;
        }

        foreach (var entry in entries)
        {
            if (_position >= _start && part.Shows(_request.Kind, entry.Name) && IsVisible(part, entry))
            {
                if (_written == CatalogLists.PageSize)
                {
                    return false;
                }

                WriteEntry(part, entry, default, isAggregate);
            }

            _position++;
        }

        return true;
    }

    /// <summary>Steps over a whole part that lies before the page or that the caller may not use.</summary>
    private bool Passes(CatalogPart part, int entries)
    {
        var passes = _position + entries <= _start || !_request.Caller.AllowsServer(part.Upstream);
        _position += passes ? entries : 0;
        return passes;
    }

    private readonly bool IsVisible(CatalogPart part, CatalogEntry entry) =>
        part.IsAllowed(_request.Caller, _request.Kind, entry.Name) && !(entry.RequiresTask && Applies(SpliceKind.Execution, part, isAggregate: false));

    private void WriteEntry(CatalogPart part, CatalogEntry entry, ReadOnlySpan<byte> name, bool isAggregate)
    {
        if (_written++ > 0)
        {
            _writer.Write(","u8);
        }

        var json = entry.Json.AsSpan();
        var written = 0;
        foreach (ref readonly var splice in entry.Splices.AsSpan())
        {
            if (!Applies(splice.Kind, part, isAggregate))
            {
                continue;
            }

            _writer.Write(json[written..splice.Start]);
            written = splice.End;
            WriteSplice(part, splice.Kind, name);
        }

        _writer.Write(json[written..]);
    }

    private readonly bool Applies(SpliceKind kind, CatalogPart part, bool isAggregate) => kind switch
    {
        SpliceKind.Name or SpliceKind.Uri or SpliceKind.RelativeUri => isAggregate,
        SpliceKind.InputType or SpliceKind.OnlyInputType => true,
        _ => part.Catalog is { } catalog && kind.CrossesEras(_request.IsModern, catalog.Peer.Revision.IsModern),
    };

    private readonly void WriteSplice(CatalogPart part, SpliceKind kind, ReadOnlySpan<byte> name)
    {
        switch (kind)
        {
            case SpliceKind.Name:
                _writer.Write("\""u8);
                _writer.Write(name);
                _writer.Write("\""u8);
                break;
            case SpliceKind.Uri or SpliceKind.RelativeUri:
                _writer.Write(part.Uris.Text(kind == SpliceKind.RelativeUri).Span);
                break;
            default:
                _writer.Write(kind.Text());
                break;
        }
    }
}
