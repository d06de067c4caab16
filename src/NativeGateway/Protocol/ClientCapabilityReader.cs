namespace NativeGateway.Protocol;

/// <summary>
/// Reads what a client declared in <c>capabilities</c> of <c>initialize</c>, or in <c>_meta</c> of a modern request.
/// </summary>
internal static class ClientCapabilityReader
{
    /// <param name="revision">What the revision does not know (elicitation, or its url mode) is ignored in a declaration.</param>
    public static ClientCapabilities Read(ReadOnlySpan<byte> source, ByteRange capabilities, ProtocolRevision revision)
    {
        var declared = ClientCapabilities.None;
        var members = new JsonMembers(source, capabilities);
        while (members.MoveNext())
        {
            if (members.NameIs(source, "roots"u8))
            {
                declared |= ClientCapabilities.Roots;
            }
            else if (members.NameIs(source, "sampling"u8))
            {
                declared |= ClientCapabilities.Sampling
                    | Has(source, members.Value, "tools"u8, ClientCapabilities.SamplingTools)
                    | Has(source, members.Value, "context"u8, ClientCapabilities.SamplingContext);
            }
            else if (revision.HasElicitation && members.NameIs(source, "elicitation"u8))
            {
                var url = revision.HasUrlElicitation ? Has(source, members.Value, "url"u8, ClientCapabilities.ElicitationUrl) : ClientCapabilities.None;
                var form = Has(source, members.Value, "form"u8, ClientCapabilities.ElicitationForm);
                declared |= (url | form) == 0 ? ClientCapabilities.ElicitationForm : url | form;
            }
        }

        return declared;
    }

    private static ClientCapabilities Has(ReadOnlySpan<byte> source, ByteRange target, ReadOnlySpan<byte> name, ClientCapabilities flag) =>
        JsonMembers.Find(source, target, name).IsPresent ? flag : ClientCapabilities.None;
}
