using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>explain</c>: what became of one request, by its <c>X-Request-Id</c>, and where its time went.</summary>
internal static class ExplainCommand
{
    private static readonly string[] Parts = ["gateway", "queued", "opening", "waiting", "relaying"];

    public static Command Build(CliContext context)
    {
        var where = new AdminArguments();
        var id = new Argument<string>("REQUEST-ID") { Description = "The X-Request-Id of the answer" };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("explain", "Tell why a request was answered, refused or slow (with --url also one that went well)") { id, json };
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) => where.RunAsync(
            parsed,
            context,
            creates: false,
            async door =>
            {
                var result = await door.SendAsync("GET", $"/requests/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}", null, cancellationToken);
                return AdminVerbs.Finish(result, context, body => Show(context, body, parsed.GetValue(json)));
            },
            cancellationToken));
        return command;
    }

    private static void Show(CliContext context, JsonElement body, bool asJson)
    {
        if (asJson)
        {
            AdminVerbs.Print(context, body);
            return;
        }

        foreach (var request in body.GetProperty("items").EnumerateArray())
        {
            Show(context.Out, request);
        }
    }

    private static void Show(TextWriter output, JsonElement request)
    {
        string Text(string member) => AdminVerbs.Text(request, member) ?? "-";
        var name = AdminVerbs.Text(request, "name") is { } tool ? $" {tool}" : "";
        output.WriteLine($"{Text("at")}  {Text("method")}{name} on {AdminVerbs.Text(request, "server") ?? "the gateway itself"}");
        output.WriteLine($"  by key {Text("key")} ({Text("keyId")}) of {Text("organization")}, workspace {Text("workspace")}");
        output.WriteLine($"  {Text("outcome")}: HTTP {request.GetProperty("status")}, JSON-RPC code {request.GetProperty("code")}; executed: {Text("executed")}");
        output.WriteLine($"  {Text("explanation")}");
        var stages = request.GetProperty("stages").EnumerateArray().Where(stage => AdminVerbs.Text(stage, "verdict") != "not_reached");
        output.WriteLine($"  stages: {string.Join(", ", stages.Select(stage => $"{AdminVerbs.Text(stage, "stage")} {AdminVerbs.Text(stage, "verdict")}"))}");
        if (request.GetProperty("endpoint") is { ValueKind: JsonValueKind.Object } endpoint)
        {
            output.WriteLine($"  endpoint {endpoint.GetProperty("endpoint")}: {AdminVerbs.Text(endpoint, "because")}; tried: {endpoint.GetProperty("tries")}");
        }

        var times = request.GetProperty("timesMs");
        var parts = Parts.Select(part => $"{part} {Number(times, part)}");
        output.WriteLine($"  time: {Number(times, "whole")} ms, most of it {AdminVerbs.Text(times, "mostIn")} ({string.Join(", ", parts)})");
    }

    private static string Number(JsonElement times, string part) => times.GetProperty(part).GetDouble().ToString("0.###", CultureInfo.InvariantCulture);
}
