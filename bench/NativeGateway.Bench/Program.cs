using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters.Json;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using NativeGateway.Bench;

// Usage: NativeGateway.Bench <budgets.json> <output folder>. Runs every bench in this process and compares what each allocates with its budget.
if (args.Length != 2)
{
    await Console.Error.WriteLineAsync("Usage: NativeGateway.Bench <budgets.json> <output folder>");
    return 64;
}

Directory.CreateDirectory(args[1]);
using var log = new StreamLogger(Path.Combine(args[1], "bench.log"));
var config = ManualConfig.CreateEmpty()
    .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddColumnProvider(BenchmarkDotNet.Columns.DefaultColumnProviders.Instance)
    .AddExporter(JsonExporter.Full)
    .AddLogger(log)
    .WithArtifactsPath(args[1])
    .WithOptions(ConfigOptions.JoinSummary | ConfigOptions.DisableLogFile);

var summaries = BenchmarkSwitcher.FromAssembly(typeof(Budgets).Assembly).Run(["--filter", "*"], config);
return Budgets.Compare(summaries, args[0]) ? 0 : 1;
