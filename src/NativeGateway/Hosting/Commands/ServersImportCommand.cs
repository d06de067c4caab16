using System.CommandLine;
using System.Text;
using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.Hosting.Configuration;
using NativeGateway.Model;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>servers import</c>: takes the servers over that another MCP client's configuration names.</summary>
internal static class ServersImportCommand
{
    public static Command Build(CliContext context)
    {
        var where = new AdminArguments();
        var file = new Argument<string>("FILE") { Description = "A client's JSON file with \"mcpServers\" (or \"servers\"); - for standard input" };
        var replace = new Option<bool>("--replace") { Description = "Replace servers of the same name" };
        var command = new Command("import", "Add the servers of another MCP client's configuration") { file, replace };
        where.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = parsed.GetRequiredValue(file);
            if (await ReadAsync(path, context, cancellationToken) is not { } text)
            {
                return context.Fail($"{path} cannot be read; check the path and its permissions");
            }

            var reading = new ConfigReading(name => context.Environment.GetValueOrDefault(name), strict: false);
            var upstreams = Read(text, reading);
            foreach (var warning in reading.Warnings)
            {
                context.Error.WriteLine($"native-gateway: {warning}");
            }

            return reading.Faults.Count > 0
                ? context.FailConfiguration(reading.Faults)
                : await RunAsync(where, parsed, context, upstreams, parsed.GetValue(replace), cancellationToken);
        });
        return command;
    }

    /// <summary>Adds upstreams where the arguments say: as the operator's own on the database, under the rules of the API through a gateway.</summary>
    public static Task<int> RunAsync(
        AdminArguments where, ParseResult parsed, CliContext context, IReadOnlyList<UpstreamConfig> upstreams, bool replace, CancellationToken cancellationToken)
    {
        return where.IsRemote(parsed)
            ? where.RunAsync(parsed, context, creates: true, door => SendAsync(door, context, upstreams, replace, cancellationToken), cancellationToken)
            : StoreSession.RunAsync(
                where.ReadStore(parsed), context, creates: true, session => SaveAsync(context, session, upstreams, replace, cancellationToken), cancellationToken);
    }

    private static async Task<int> SendAsync(
        IAdminDoor door, CliContext context, IReadOnlyList<UpstreamConfig> upstreams, bool replace, CancellationToken cancellationToken)
    {
        var body = AdminVerbs.Body(json =>
        {
            json.WriteStartObject("mcpServers");
            foreach (var upstream in upstreams)
            {
                json.WriteStartObject(upstream.Key);
                UpstreamEntryWriter.Write(json, upstream);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        });
        var result = await door.SendAsync("POST", $"{ServersCommand.Path}/import?replace={(replace ? "true" : "false")}", body, cancellationToken);
        return AdminVerbs.Finish(result, context, report =>
        {
            foreach (var item in report.GetProperty("items").EnumerateArray())
            {
                context.Out.WriteLine($"{AdminVerbs.Text(item, "name")}: {AdminVerbs.Text(item, "outcome")}.");
            }
        });
    }

    /// <summary>Adds each upstream; says per name what was done.</summary>
    private static async Task<int> SaveAsync(
        CliContext context,
        StoreSession session,
        IReadOnlyList<UpstreamConfig> upstreams,
        bool replace,
        CancellationToken cancellationToken)
    {
        var exit = ExitCode.Done;
        foreach (var upstream in upstreams)
        {
            var refusal = session.File.Upstreams.Any(own => own.Key == upstream.Key)
                ? "a server of that name stands in the configuration file; change it there"
                : (await session.Writer.SaveUpstreamAsync(upstream, replace, cancellationToken))?.Message;
            if (refusal is not null)
            {
                exit = context.Fail($"{upstream.Key}: {refusal}");
                continue;
            }

            context.Out.WriteLine($"{upstream.Key}: saved.");
        }

        return exit;
    }

    private static IReadOnlyList<UpstreamConfig> Read(ReadOnlyMemory<byte> text, ConfigReading reading)
    {
        using var document = ConfigFileReader.Parse(text, reading);
        if (document is null)
        {
            return [];
        }

        foreach (var name in (string[])["mcpServers", "servers"])
        {
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var servers))
            {
                return UpstreamListReader.Read(new ConfigNode(servers, $"$.{name}", reading));
            }
        }

        reading.Fault("$", "holds neither \"mcpServers\" nor \"servers\"; is this an MCP client's configuration?");
        return [];
    }

    private static async Task<byte[]?> ReadAsync(string path, CliContext context, CancellationToken cancellationToken)
    {
        try
        {
            return path == "-" ? Encoding.UTF8.GetBytes(await context.In.ReadToEndAsync(cancellationToken)) : await File.ReadAllBytesAsync(path, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
