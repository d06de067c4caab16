using System.CommandLine;
using NativeGateway.ControlPlane.Registry;

namespace NativeGateway.Hosting.Commands;

/// <summary>Where a verb works: on a database, or through a running gateway with <c>--url</c> and <c>--api-key</c>.</summary>
/// <param name="urlIsTaken">The verb's own <c>--url</c> means something else; the gateway's is <c>--gateway</c> then.</param>
internal sealed class AdminArguments(bool urlIsTaken = false)
{
    private readonly StoreArguments _store = new();
    private readonly Option<string?> _gateway = new("--gateway", urlIsTaken ? [] : ["--url"])
    {
        Description = "A running gateway to work through, such as http://127.0.0.1:12006, instead of the database",
        HelpName = "URL",
    };

    private readonly Option<string?> _key = new("--api-key") { Description = "A key with the scopes admin:read and admin:write (better: NATIVE_GATEWAY_API_KEY)", HelpName = "KEY" };

    public void AddTo(Command command)
    {
        _store.AddTo(command);
        command.Add(_gateway);
        command.Add(_key);
    }

    public bool IsRemote(ParseResult parsed) => parsed.GetValue(_gateway) is not null;

    /// <summary>On the database, whatever else could be meant.</summary>
    public CommandLineOptions ReadStore(ParseResult parsed) => _store.Read(parsed);

    /// <summary>Opens the door, runs and closes it; whatever goes wrong becomes a message and an exit code.</summary>
    /// <param name="creates">See <see cref="StoreSession.RunAsync"/>.</param>
    public Task<int> RunAsync(ParseResult parsed, CliContext context, bool creates, Func<IAdminDoor, Task<int>> run, CancellationToken cancellationToken) =>
        parsed.GetValue(_gateway) is { } gateway
            ? RunRemoteAsync(gateway, parsed.GetValue(_key) ?? context.Environment.GetValueOrDefault("NATIVE_GATEWAY_API_KEY"), context, run)
            : StoreSession.RunAsync(
                _store.Read(parsed),
                context,
                creates,
                async session =>
                {
                    using var door = new LocalAdminDoor(session, context.Time);
                    return await run(door);
                },
                cancellationToken);

    private static async Task<int> RunRemoteAsync(string gateway, string? key, CliContext context, Func<IAdminDoor, Task<int>> run)
    {
        if (UpstreamRules.Url(gateway, out var address) is { } problem)
        {
            return context.Fail($"--url {problem}", ExitCode.Usage);
        }

        if (key is null || UpstreamRules.HeaderValue(key) is not null)
        {
            return context.Fail("give a key with --api-key, or better with NATIVE_GATEWAY_API_KEY", ExitCode.Usage);
        }

        using var door = new RemoteAdminDoor(address!, key);
        try
        {
            return await run(door);
        }
        catch (AdminDoorException exception)
        {
            return context.Fail(exception.Message);
        }
    }
}
