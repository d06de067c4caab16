using NativeGateway.DataPlane.Upstream;

namespace NativeGateway.Tests.DataPlane.Upstream;

public class RetryBudgetTests
{
    private readonly RetryBudget _budget = new();

    [Fact]
    public void Ten_are_in_reserve()
    {
        Assert.Equal(10, Enumerable.Range(0, 50).Count(_ => _budget.TrySpend()));
        Assert.Equal(10, _budget.Spent);
    }

    [Fact]
    public void Afterwards_five_requests_earn_one_retry()
    {
        while (_budget.TrySpend())
        {
        }

        var retries = 0;
        for (var request = 0; request < 1000; request++)
        {
            _budget.Earn();
            retries += _budget.TrySpend() ? 1 : 0;
        }

        Assert.Equal(200, retries);
    }

    [Fact]
    public void Nothing_is_saved_beyond_the_reserve()
    {
        for (var request = 0; request < 1000; request++)
        {
            _budget.Earn();
        }

        Assert.Equal(10, Enumerable.Range(0, 50).Count(_ => _budget.TrySpend()));
    }
}
