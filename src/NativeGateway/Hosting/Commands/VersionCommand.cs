using System.CommandLine;
using System.Runtime.InteropServices;
using NativeGateway.ControlPlane.Admin;
using NativeGateway.Protocol;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>version</c>: what this binary is and which revisions of MCP it speaks.</summary>
internal static class VersionCommand
{
    private static readonly ProtocolRevision[] Spoken =
    [
        ProtocolRevision.V20241105, ProtocolRevision.V20250326, ProtocolRevision.V20250618, ProtocolRevision.V20251125, ProtocolRevision.V20260728,
    ];

    public static Command Build(CliContext context)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("version", "Print the version and the MCP revisions spoken") { json };
        command.SetAction(parsed =>
        {
            Print(context, parsed.GetValue(json));
            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(CliContext context, bool json)
    {
        // Only the host of a JIT run lists the assemblies that it may load.
        var kind = AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") is null ? "native AOT" : "JIT";
        var framework = $"{RuntimeInformation.FrameworkDescription}, {kind}, {RuntimeInformation.RuntimeIdentifier}";
        if (!json)
        {
            context.Out.WriteLine($"native-gateway {BuildInfo.Version}");
            context.Out.WriteLine($"commit         {BuildInfo.Commit}");
            context.Out.WriteLine($"framework      {framework}");
            context.Out.WriteLine($"MCP            {string.Join(", ", Spoken.Select(revision => revision.Text))}");
            return;
        }

        JsonOutput.Print(context.Out, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("version", BuildInfo.Version);
            writer.WriteString("commit", BuildInfo.Commit);
            writer.WriteString("framework", framework);
            writer.WriteTexts("mcpRevisions", Spoken.Select(revision => revision.Text));
            writer.WriteEndObject();
        });
    }
}
