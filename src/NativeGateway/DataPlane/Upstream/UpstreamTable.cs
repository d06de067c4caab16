using System.Collections.Concurrent;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// The connections to all configured upstreams, by id. A snapshot swap reconciles them: an upstream whose way of being reached has not changed
/// keeps its connection and sessions, whatever else about it was edited.
/// </summary>
internal sealed class UpstreamTable(Func<Model.Upstream, IUpstreamConnection> connect, TimeProvider time) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Guid, (UpstreamState State, UpstreamConfig Config)> _states = new();
    private readonly Lock _applying = new();

    public UpstreamState? Find(Guid id) => _states.TryGetValue(id, out var entry) ? entry.State : null;

    /// <summary>Requests under way, over all upstreams.</summary>
    public int Running => _states.Values.Sum(entry => entry.State.Running);

    /// <summary>How an upstream is at this moment; null for one that does not exist.</summary>
    public UpstreamHealthReport? HealthOf(Guid id)
    {
        if (!_states.TryGetValue(id, out var entry))
        {
            return null;
        }

        var ((running, waiting), health) = (entry.State.Calls, entry.State.Connection.Health);
        return new UpstreamHealthReport(id, entry.Config.Key, health.Verdict, running, waiting, health.Report());
    }

    public void Apply(Snapshot snapshot)
    {
        lock (_applying)
        {
            var wanted = snapshot.Workspaces.Values.SelectMany(workspace => workspace.Upstreams).ToDictionary(upstream => upstream.Id);
            foreach (var (id, (state, config)) in _states)
            {
                if (!wanted.TryGetValue(id, out var upstream) || !IsReachedAlike(config, upstream.Config))
                {
                    _states.TryRemove(id, out _);
                    state.Retire();
                }
            }

            foreach (var (id, upstream) in wanted)
            {
                if (!_states.ContainsKey(id))
                {
                    _states[id] = (new UpstreamState(id, connect(upstream), time), upstream.Config);
                }
            }
        }
    }

    /// <summary>Closes every connection; child processes are stopped when it completes.</summary>
    public async ValueTask DisposeAsync()
    {
        var states = _states.Values.Select(entry => entry.State).ToArray();
        _states.Clear();
        await Task.WhenAll(states.Select(state =>
        {
            state.Retire();
            return state.Closed ?? state.Connection.DisposeAsync().AsTask();
        })).ConfigureAwait(false);
    }

    private static bool IsReachedAlike(UpstreamConfig one, UpstreamConfig other)
    {
        return one.Transport == other.Transport
            && one.Key == other.Key
            && one.Timeout == other.Timeout
            && one.LoadBalancing == other.LoadBalancing
            && one.Trusted == other.Trusted
            && one.Endpoints.SequenceEqual(other.Endpoints)
            && AreEqual(one.Headers, other.Headers)
            && AreEqual(one.Command, other.Command);
    }

    private static bool AreEqual(CommandConfig? one, CommandConfig? other)
    {
        return one is null || other is null
            ? one is null && other is null
            : one.FileName == other.FileName
                && one.WorkingDirectory == other.WorkingDirectory
                && one.Arguments.SequenceEqual(other.Arguments)
                && AreEqual(one.Environment, other.Environment);
    }

    private static bool AreEqual(IReadOnlyDictionary<string, string> one, IReadOnlyDictionary<string, string> other)
    {
        return one.Count == other.Count && one.All(pair => other.TryGetValue(pair.Key, out var value) && value == pair.Value);
    }
}
