using BenchmarkDotNet.Attributes;
using NativeGateway.Protocol;

namespace NativeGateway.Bench;

/// <summary>Reading the head of a message.</summary>
public class FramingBench
{
    private readonly byte[] _small = Samples.ToolsCall(200);
    private readonly byte[] _large = Samples.ToolsCall(16 * 1024);

    [Benchmark]
    public int ToolsCall200() => Read(_small);

    [Benchmark]
    public int ToolsCall16K() => Read(_large);

    private static int Read(byte[] bytes) =>
        RpcReader.Read(bytes, out var message) == RpcFault.None ? message.Name.Length : throw new InvalidOperationException("The sample is refused.");
}
