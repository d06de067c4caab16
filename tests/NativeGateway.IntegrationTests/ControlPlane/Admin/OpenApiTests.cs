using System.Text.Json;
using NativeGateway.ControlPlane.Admin;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

/// <summary>The description of the API and its route table say the same.</summary>
public sealed class OpenApiTests : IDisposable
{
    // Nothing is asked of the parts: the table is data.
    private readonly AdminRoutes _routes = new(
        null!, new LiveServers(null!, null!, null!, null!), new SignInParts(null!, null!), new UsageApi(null!, null!, TimeProvider.System), new RequestsApi(null, null!, null!), new AuditApi(null!), null!, TimeProvider.System);
    private readonly JsonDocument _document = JsonDocument.Parse(Description());

    private JsonElement Paths => _document.RootElement.GetProperty("paths");

    public void Dispose()
    {
        _routes.Dispose();
        _document.Dispose();
    }

    [Fact]
    public void Every_route_is_described_and_every_description_is_a_route()
    {
        var described = Paths.EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(one => $"{one.Name.ToUpperInvariant()} {path.Name}"));

        Assert.Equal(_routes.All.Select(route => $"{route.Method} {route.Template}").Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Scopes_and_bodies_are_those_of_the_routes()
    {
        foreach (var route in _routes.All)
        {
            var operation = OperationOf(route);
            var schemes = operation.GetProperty("security").EnumerateArray().ToList();
            var scopes = schemes.Where(scheme => scheme.TryGetProperty("key", out _)).SelectMany(scheme => scheme.GetProperty("key").EnumerateArray());
            Assert.Equal(KeyScopeText.Format(route.Scopes), scopes.Select(scope => scope.GetString()));
            Assert.Equal(route.TakesSession || route.Scopes != KeyScopes.None, schemes.Exists(scheme => scheme.TryGetProperty("session", out _)));
            Assert.Equal(LeastRoleOf(route), operation.TryGetProperty("x-least-role", out var least) ? least.GetString() : null);
            string[] types = route.Body switch
            {
                BodyKind.None => [],
                BodyKind.Json or BodyKind.Command => ["application/json"],
                BodyKind.MergePatch => ["application/json", "application/merge-patch+json"],
                _ => ["application/json", "text/csv"],
            };
            var described = operation.TryGetProperty("requestBody", out var body) ? body.GetProperty("content").EnumerateObject().Select(type => type.Name) : [];
            Assert.Equal(types, described.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Every_operation_has_a_name_of_its_own_its_parameters_and_its_problems()
    {
        var names = new HashSet<string>();
        foreach (var route in _routes.All)
        {
            var operation = OperationOf(route);
            Assert.True(names.Add(operation.GetProperty("operationId").GetString()!));
            Assert.NotEmpty(operation.GetProperty("summary").GetString()!);
            var responses = operation.GetProperty("responses");
            Assert.Equal("#/components/responses/Problem", responses.GetProperty("default").GetProperty("$ref").GetString());
            Assert.Contains(responses.EnumerateObject(), response => response.Name.StartsWith('2'));
            var parameters = ParametersOf(operation);
            Assert.Equal(route.Template.Contains("{id}", StringComparison.Ordinal), parameters.Contains("id"));
            Assert.Equal(route.Method == "PATCH", parameters.Contains("ifMatchRequired"));
            Assert.Equal(route is { Method: "POST", Body: BodyKind.Json }, parameters.Contains("idempotencyKey"));
        }
    }

    [Fact]
    public void Every_reference_leads_somewhere()
    {
        foreach (var reference in ReferencesIn(_document.RootElement))
        {
            var place = _document.RootElement;
            foreach (var step in reference.Split('/').Skip(1))
            {
                Assert.True(place.TryGetProperty(step, out place), reference);
            }
        }
    }

    private static string? LeastRoleOf(AdminRoute route) => route.Scopes == KeyScopes.None ? null
        : route.LeastRole is { } least ? least.Label()
        : route.Scopes.HasFlag(KeyScopes.Instance) ? "instance"
        : Enum.GetValues<Role>().First(role => (route.Scopes & ~role.Scopes()) == KeyScopes.None).Label();

    private JsonElement OperationOf(AdminRoute route) => Paths.GetProperty(route.Template).GetProperty(route.Method.ToLowerInvariant());

    private static HashSet<string> ParametersOf(JsonElement operation) => operation.TryGetProperty("parameters", out var list)
        ? [.. list.EnumerateArray().Where(one => one.TryGetProperty("$ref", out _)).Select(one => one.GetProperty("$ref").GetString()!.Split('/')[^1])]
        : [];

    private static IEnumerable<string> ReferencesIn(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(
            member => member.NameEquals("$ref") ? [member.Value.GetString()!] : ReferencesIn(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(ReferencesIn),
        _ => [],
    };

    private static Stream Description() => typeof(AdminRoutes).Assembly.GetManifestResourceStream("openapi.json")!;
}
