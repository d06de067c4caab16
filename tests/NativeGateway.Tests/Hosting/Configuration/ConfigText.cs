using System.Text;
using NativeGateway.Hosting.Configuration;
using NativeGateway.Model;

namespace NativeGateway.Tests.Hosting.Configuration;

/// <summary>Reads configuration documents that stand in tests as text.</summary>
internal static class ConfigText
{
    public static ConfigFile Read(string json, params (string Name, string Value)[] environment)
    {
        var variables = environment.ToDictionary(variable => variable.Name, variable => variable.Value);
        return ConfigFileReader.Read(Encoding.UTF8.GetBytes(json), name => variables.GetValueOrDefault(name));
    }

    public static ConfigFile ReadWhole(string json, params (string Name, string Value)[] environment)
    {
        var file = Read(json, environment);
        Assert.Empty(file.Faults);
        return file;
    }

    /// <summary>Reads a document with one upstream named <c>it</c>.</summary>
    public static UpstreamConfig ReadUpstream(string entry, params (string Name, string Value)[] environment) =>
        Assert.Single(ReadWhole($$"""{ "mcpServers": { "it": {{entry}} } }""", environment).Registry.Upstreams);
}
