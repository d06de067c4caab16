using System.Text;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.DataPlane.Sessions;

/// <summary>What a client must have declared to be asked.</summary>
public sealed class QuestionsTests
{
    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":{"type":"text","text":"[]"}}],"maxTokens":1}""", false)]
    [InlineData("""{"messages":[{"role":"user","content":{}},{"role":"user","content":[{"type":"text","text":"t"}]}]}""", true)]
    [InlineData("""{"messages":[],"tools":[]}""", true)]
    [InlineData("""{"messages":[],"toolChoice":{}}""", true)]
    [InlineData("""{"messages":5}""", false)]
    [InlineData("{}", false)]
    public void Sampling_with_tools_or_several_blocks_in_a_message_has_a_capability_of_its_own(string parameters, bool needsTools)
    {
        var bytes = Encoding.UTF8.GetBytes(parameters);

        var needed = Questions.NeededFor(McpMethod.SamplingCreateMessage, bytes, new ByteRange(0, bytes.Length));

        Assert.Equal(ClientCapabilities.Sampling | (needsTools ? ClientCapabilities.SamplingTools : ClientCapabilities.None), needed);
    }
}
