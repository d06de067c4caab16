namespace NativeGateway.ControlPlane.Admin;

/// <summary><c>/openapi.json</c>: docs/openapi.json, which is embedded. A test holds it to the route table.</summary>
internal static class OpenApiDocument
{
    private const string Resource = "openapi.json";

    public static async Task<AdminAnswer> GetAsync(AdminRequest request)
    {
        await using var document = typeof(OpenApiDocument).Assembly.GetManifestResourceStream(Resource)!;
        using var content = new MemoryStream();
        await document.CopyToAsync(content, request.ClientGone);
        return new AdminAnswer(200, content.ToArray());
    }
}
