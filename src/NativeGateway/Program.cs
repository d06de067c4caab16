using NativeGateway.Hosting;

return await CommandLine.RunAsync(args, CliContext.FromProcess(), CancellationToken.None);
