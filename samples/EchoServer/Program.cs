using EchoServer;
using ModelContextProtocol.Server;

if (args is ["--http", var port] && int.TryParse(port, out var number))
{
    await HttpEndpoint.RunAsync(number);
    return 0;
}

if (args.Length > 0)
{
    await Console.Error.WriteLineAsync("usage: EchoServer [--http PORT]   (without arguments: MCP over stdin and stdout)");
    return 64;
}

await using var server = McpServer.Create(new StdioServerTransport(Features.Name), Features.CreateOptions());
await server.RunAsync();
return 0;
