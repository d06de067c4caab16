using System.Text;
using NativeGateway.DataPlane.Downstream;

namespace NativeGateway.Hosting;

/// <summary>Standard input and output: the door of the one client that has started this process, until it closes its end.</summary>
internal sealed class StdioDoor : IClientDoor
{
    private readonly StandardPipes _pipes;
    private readonly StdioFront _front;
    private readonly CancellationTokenSource _closing = new();
    private Task _reading = Task.CompletedTask;

    public StdioDoor(StdioOptions options, DataPlaneParts parts, CliContext context)
    {
        _pipes = context.OpenPipes();
        _front = parts.NewStdioFront(new LineChannel(_pipes), Encoding.ASCII.GetBytes(options.ApiKey ?? ""));
    }

    public Task Ended => _reading;

    public Task<bool> TryOpenAsync()
    {
        _reading = _front.ReadAsync(_closing.Token);
        return Task.FromResult(true);
    }

    public async Task CloseAsync(CancellationToken patience)
    {
        await _closing.CancelAsync();
        await _reading;
        await _front.DrainAsync(patience);
    }

    public ValueTask DisposeAsync()
    {
        _pipes.Complete();
        _front.Dispose();
        _closing.Dispose();
        return ValueTask.CompletedTask;
    }
}
