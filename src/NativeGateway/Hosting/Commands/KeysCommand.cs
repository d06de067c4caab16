using System.CommandLine;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>keys …</c>: the credentials of callers.</summary>
internal static class KeysCommand
{
    public static Command Build(CliContext context) => new("keys", "Create, list, renew and revoke API keys")
    {
        KeysCreateCommand.Build(context),
        KeysListCommand.Build(context),
        KeysShowCommand.Build(context),
        KeysRotateCommand.Build(context),
        KeysRevokeCommand.Build(context),
    };
}
