using System.CommandLine;
using System.Text;
using System.Text.Json;

namespace NativeGateway.Hosting.Commands;

/// <summary>A verb that does one thing to one item: enables, revokes, deletes it.</summary>
/// <param name="Path">The list that it stands on.</param>
/// <param name="Kind">What it is: <c>key</c>, <c>server</c>, …</param>
/// <param name="Suffix">What follows its id in the request's path.</param>
internal sealed record ChangeCommand(string Path, string Kind, string Verb, string Description, string Method, string Suffix = "")
{
    /// <summary>The change, for <c>PATCH</c>.</summary>
    public string? Body { get; init; }

    /// <summary>Turns what was typed into an id or a name.</summary>
    public Func<string, string> Read { get; init; } = which => which;

    /// <param name="tell">Says what was done, given the item as it was and the answer.</param>
    public Command Build(CliContext context, Action<JsonElement, JsonElement, bool> tell)
    {
        var where = new AdminArguments();
        var which = new Argument<string>(Kind.ToUpperInvariant()) { Description = "Its id or its name" };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command(Verb, Description) { which, json };
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) => where.RunAsync(
            parsed,
            context,
            creates: false,
            async door =>
            {
                if (await AdminVerbs.FindAsync(door, Path, Kind, Read(parsed.GetRequiredValue(which)), context, cancellationToken) is not { } item)
                {
                    return ExitCode.Failed;
                }

                ReadOnlyMemory<byte>? body = Body is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(Body);
                var result = await door.SendAsync(Method, $"{Path}/{AdminVerbs.Text(item, "id")}{Suffix}", body, cancellationToken);
                return AdminVerbs.Finish(result, context, answer => tell(item, answer, parsed.GetValue(json)));
            },
            cancellationToken));
        return command;
    }

    /// <summary>For changes whose answer nobody needs to see.</summary>
    public Command Build(CliContext context, string done) =>
        Build(context, (item, _, _) => context.Out.WriteLine($"{AdminVerbs.Text(item, "name")}: {done}."));
}
