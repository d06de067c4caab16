using System.Net;
using System.Text.Json;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

public abstract partial class AdminContract
{
    [Fact]
    public async Task No_known_way_of_writing_a_private_place_passes_as_a_server_or_webhook()
    {
        foreach (var url in SsrfForms.Urls)
        {
            await CheckRefusedAsync("/servers", url);
            await CheckRefusedAsync("/webhooks", url.Replace("http://", "https://", StringComparison.Ordinal));
        }

        Assert.Empty((await Instance.GetAsync("/webhooks")).Items);
        Assert.Single((await Instance.GetAsync("/servers")).Items);
    }

    private async Task CheckRefusedAsync(string path, string url)
    {
        var reply = await Instance.PostAsync(path, JsonSerializer.Serialize(new { name = "a", url }));

        // A NUL is no text at all.
        Assert.True(reply.Status == (url.Contains('\0', StringComparison.Ordinal) ? HttpStatusCode.BadRequest : HttpStatusCode.UnprocessableEntity), $"{path} {url}: {reply.Text}");
        Assert.True(reply.Pointers.SequenceEqual(["/url"]), $"{path} {url}: {reply.Text}");
        Assert.DoesNotContain("password", reply.Text.Replace("user name or password", "", StringComparison.Ordinal).Replace("\"password\\\"", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
