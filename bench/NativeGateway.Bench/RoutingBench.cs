using System.Text;
using BenchmarkDotNet.Attributes;
using NativeGateway.Model;

namespace NativeGateway.Bench;

/// <summary>Finding an exposed name among ten thousand.</summary>
public class RoutingBench
{
    private readonly byte[] _name = Encoding.ASCII.GetBytes("server7__search_issues_by_label_42");
    private Utf8Table<int> _table = null!;

    [GlobalSetup]
    public void Setup() =>
        _table = new Utf8Table<int>(Enumerable.Range(0, 10_000), i => $"server{i % 100}__search_issues_by_label_{i / 100}");

    [Benchmark]
    public int TenThousandNames() => _table.TryGet(_name, out var found) ? found : throw new InvalidOperationException("The name is missing.");
}
