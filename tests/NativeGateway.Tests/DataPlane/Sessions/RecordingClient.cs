using System.Text;

namespace NativeGateway.Tests.DataPlane.Sessions;

/// <summary>A client's connection: takes events until it is cut, and remembers them.</summary>
internal sealed class RecordingClient(int takes = int.MaxValue)
{
    private readonly List<(string Id, string Data)> _events = [];

    public IReadOnlyList<(string Id, string Data)> Events => _events;

    public IEnumerable<string> Messages => _events.Select(taken => taken.Data).Where(data => data.Length > 0);

    public string LastId => _events[^1].Id;

    /// <summary>What comes after the cut is lost without an error, as on a connection whose peer has vanished.</summary>
    public ValueTask WriteAsync(string id, ReadOnlyMemory<byte> data, CancellationToken _)
    {
        if (_events.Count < takes)
        {
            _events.Add((id, Encoding.UTF8.GetString(data.Span)));
        }

        return ValueTask.CompletedTask;
    }
}
