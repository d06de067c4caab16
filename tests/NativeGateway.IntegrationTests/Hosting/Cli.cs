using System.Text.Json;
using NativeGateway.Hosting;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.Hosting;

/// <summary>The command line with a data directory of its own.</summary>
internal sealed class Cli : IDisposable
{
    private readonly TempDirectory _directory = new();

    public string Directory => _directory.Path;

    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>Standard input of the next command.</summary>
    public string In { get; set; } = "";

    public string Out { get; private set; } = "";

    public string Error { get; private set; } = "";

    public void Dispose() => _directory.Dispose();

    /// <summary>Runs a verb on the data directory.</summary>
    public Task<int> RunAsync(params string[] arguments)
    {
        // What stands behind -- belongs to the program to run.
        var end = Array.IndexOf(arguments, "--");
        end = end < 0 ? arguments.Length : end;
        return RunPlainAsync([.. arguments[..end], "--data", _directory.Path, .. arguments[end..]]);
    }

    public async Task<int> RunPlainAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var context = new CliContext(output, error, new StringReader(In), Stream.Null, Environment, TimeProvider.System);
        var exit = await CommandLine.RunAsync(arguments, context, CancellationToken.None).WaitAsync(TestTime.Limit);
        (Out, Error) = (output.ToString(), error.ToString());
        return exit;
    }

    public async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        Assert.Equal(0, await RunAsync([.. arguments, "--json"]));
        return JsonDocument.Parse(Out).RootElement;
    }

    public string Write(string name, string text)
    {
        var path = Path.Combine(_directory.Path, name);
        File.WriteAllText(path, text);
        return path;
    }
}
