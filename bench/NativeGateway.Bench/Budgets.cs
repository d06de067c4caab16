using System.Globalization;
using System.Text.Json;
using BenchmarkDotNet.Reports;

namespace NativeGateway.Bench;

/// <summary>What each bench may allocate per operation. Time is shown but not judged: it depends on the machine, allocation does not.</summary>
internal static class Budgets
{
    /// <summary>Prints one table; false when a bench failed, allocates more than its budget or has none, or when a budget has no bench.</summary>
    public static bool Compare(IEnumerable<Summary> summaries, string path)
    {
        var budgets = JsonSerializer.Deserialize<Dictionary<string, long>>(File.ReadAllText(path)) ?? [];
        var isGood = true;
        Console.WriteLine($"{"bench",-36} {"time ns",10} {"bytes",8} {"budget",8}");
        foreach (var report in summaries.SelectMany(summary => summary.Reports))
        {
            var descriptor = report.BenchmarkCase.Descriptor;
            var name = $"{descriptor.Type.Name}.{descriptor.WorkloadMethod.Name}";
            long? budget = budgets.Remove(name, out var bytes) ? bytes : null;
            var allocated = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase);
            var verdict = Judge(report, allocated, budget);
            isGood &= verdict.Length == 0;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-36} {report.ResultStatistics?.Mean,10:F1} {allocated,8} {budget,8} {verdict}"));
        }

        foreach (var name in budgets.Keys)
        {
            Console.WriteLine($"{name,-36} has a budget but did not run");
            isGood = false;
        }

        return isGood;
    }

    private static string Judge(BenchmarkReport report, long? allocated, long? budget)
    {
        if (!report.Success || allocated is null)
        {
            return "failed; see the log";
        }

        return budget is null ? "has no budget" : allocated > budget ? "above its budget" : "";
    }
}
