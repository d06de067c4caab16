namespace NativeGateway.NativeTests.Upstreams;

/// <summary>Accepts connections and never says a word.</summary>
internal sealed class MuteUpstream : HttpUpstream
{
    protected override Task AnswerAsync(UpstreamRequest request, UpstreamReply reply) => Ended;
}
