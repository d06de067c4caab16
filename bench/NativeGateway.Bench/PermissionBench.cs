using BenchmarkDotNet.Attributes;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;

namespace NativeGateway.Bench;

/// <summary>A permitted tool call of a key with ten globs over tools, of which the last allows it.</summary>
public class PermissionBench
{
    private readonly byte[] _ownName = "search_issues"u8.ToArray();
    private readonly byte[] _sentName = "github__search_issues"u8.ToArray();
    private Caller _caller = null!;
    private Model.Upstream _upstream = null!;

    [GlobalSetup]
    public void Setup()
    {
        var tools = new GlobRule(
            ["get_*", "list_*", "gitlab__*", "github__read_*", "docs__*_page", "search_*"],
            ["*_delete", "github__admin_*", "*__drop_*", "*secret*"]);
        var snapshot = Samples.Snapshot(
            Samples.Key() with { Permissions = PermissionConfig.Everything with { Tools = tools } }, Samples.GitHub());
        snapshot.Callers.TryGet("abcdefghijkl"u8, out _caller!);
        _upstream = snapshot.Workspaces[Samples.Key().WorkspaceId].Upstreams[0];
    }

    [Benchmark]
    public bool TenGlobs() =>
        PermissionCheck.Check(_caller, _upstream, PermissionKind.Tool, _ownName, _sentName) is null
            ? true
            : throw new InvalidOperationException("The call is refused.");
}
