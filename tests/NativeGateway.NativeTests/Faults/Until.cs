using System.Diagnostics;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Faults;

/// <summary>Asks again and again, without a pause, until the answer is the wanted one: for changes that take effect within a second.</summary>
internal static class Until
{
    public static async Task<T> Async<T>(Func<Task<T>> ask, Func<T, bool> wanted)
    {
        var patience = Stopwatch.StartNew();
        T answer;
        do
        {
            answer = await ask();
        }
        while (!wanted(answer) && patience.Elapsed < TestTime.Limit);

        Assert.True(wanted(answer), $"This is still the answer:\n{answer}");
        return answer;
    }
}
