using System.Buffers;
using System.CommandLine;
using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.Model;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>servers add</c>: registers one upstream. The options become an entry as the file would hold it, so both have the same rules.</summary>
internal static class ServersAddCommand
{
    public static Command Build(CliContext context)
    {
        var where = new AdminArguments(urlIsTaken: true);
        var options = new ServerOptions();
        var replace = new Option<bool>("--replace") { Description = "Replace the server of that name" };
        var command = new Command("add", "Add a server: --url URL for a remote one, or -- COMMAND ARGS… for a local program") { replace };
        options.AddTo(command);
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            // A shell has expanded its variables already; what is left is meant as it stands.
            var reading = new ConfigReading(variables: null);
            var upstream = Read(options, parsed, reading);
            foreach (var told in (ConfigFault[])[.. reading.Warnings, .. reading.Faults])
            {
                // The entry's paths begin with "$.", which nobody typed here.
                context.Error.WriteLine($"native-gateway: {told with { Where = told.Where.TrimStart('$').TrimStart('.') }}");
            }

            if (upstream is null)
            {
                return Task.FromResult(ExitCode.Usage);
            }

            return ServersImportCommand.RunAsync(where, parsed, context, [upstream], parsed.GetValue(replace), cancellationToken);
        });
        return command;
    }

    private static UpstreamConfig? Read(ServerOptions options, ParseResult parsed, ConfigReading reading)
    {
        var entry = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(entry))
        {
            options.WriteEntry(json, parsed, reading);
        }

        using var document = JsonDocument.Parse(entry.WrittenMemory);
        var upstream = UpstreamEntryReader.Read(options.Name(parsed), new ConfigNode(document.RootElement, "$", reading), order: 0);
        if (ControlPlane.Registry.UpstreamRules.Key(options.Name(parsed)) is { } problem)
        {
            reading.Fault("NAME", problem);
        }

        return reading.Faults.Count == 0 ? upstream : null;
    }
}
