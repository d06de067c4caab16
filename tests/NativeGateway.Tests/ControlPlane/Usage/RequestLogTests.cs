using System.Globalization;
using NativeGateway.ControlPlane.Usage;
using NativeGateway.Model;

namespace NativeGateway.Tests.ControlPlane.Usage;

public class RequestLogTests
{
    private readonly RequestLog _log = new();

    [Fact]
    public void Each_message_of_a_batch_is_found_under_the_id_that_they_share()
    {
        Add(7, "one");
        Add(8, "other");
        Add(7, "two");

        var found = _log.Find(Id(7));

        Assert.Equal(["one", "two"], found.Select(request => UsageNames.Text(request.Name)));
        Assert.All(found, request => Assert.Equal(new RequestNumber(7), request.Number));
        Assert.Empty(_log.Find(Id(9)));
        Assert.Empty(_log.Find("no id"));
    }

    [Fact]
    public void The_newest_overwrite_the_oldest()
    {
        for (var number = 0; number < RequestLog.Capacity; number++)
        {
            Add(number);
        }

        Assert.Single(_log.Find(Id(0)));
        Assert.Null(_log.Since);

        Add(RequestLog.Capacity);

        Assert.Empty(_log.Find(Id(0)));
        Assert.Single(_log.Find(Id(1)));
        Assert.Single(_log.Find(Id(RequestLog.Capacity)));
        Assert.Equal(UsageSamples.Start.AddSeconds(1), _log.Since);
    }

    [Fact]
    public void A_request_is_remembered_without_allocating()
    {
        Add(0);
        var request = UsageSamples.Call() with { Number = new RequestNumber(1) };
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            _log.Add(request);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private void Add(int number, string name = "read") =>
        _log.Add(UsageSamples.Call(name) with { Number = new RequestNumber((ulong)number), At = UsageSamples.Start.AddSeconds(number) });

    private static string Id(int number) => number.ToString("x16", CultureInfo.InvariantCulture);
}
