using System.Buffers;
using BenchmarkDotNet.Attributes;
using NativeGateway.Protocol;

namespace NativeGateway.Bench;

/// <summary>Giving a message the upstream's id and name, and writing it.</summary>
public class EditingBench
{
    private readonly byte[] _source = Samples.ToolsCall(200);
    private readonly byte[] _id = "918273"u8.ToArray();
    private readonly byte[] _name = "\"search_issues\""u8.ToArray();
    private readonly MessageEditor _editor = new();
    private readonly ArrayBufferWriter<byte> _writer = new(1024);
    private RpcMessage _message;

    [GlobalSetup]
    public void Setup() => RpcReader.Read(_source, out _message);

    [Benchmark]
    public int IdAndName()
    {
        _writer.ResetWrittenCount();
        _editor.Reset(_source);
        _editor.Replace(_message.Id, _id);
        _editor.Replace(_message.Name, _name);
        _editor.WriteTo(_writer);
        return _writer.WrittenCount;
    }
}
