using NativeGateway.DataPlane.Catalog;

namespace NativeGateway.Tests.DataPlane.Catalog;

public sealed class HeaderParametersTests
{
    [Fact]
    public void A_declaration_is_found_wherever_properties_alone_lead()
    {
        var entry = Read("""
            {"type":"object","properties":{
              "region":{"type":"string","x-mcp-header":"Region"},
              "options":{"type":"object","properties":{"limit":{"x-mcp-header":"Limit","type":"integer"}}},
              "d\u0072y":{"type":["boolean","null"],"x-mcp-header":"Dry"}}}
            """, out var fault);

        Assert.Null(fault);
        Assert.Equal(["Mcp-Param-Region", "Mcp-Param-Limit", "Mcp-Param-Dry"], entry!.HeaderParameters.Select(parameter => parameter.Header));
        Assert.Equal(
            [HeaderParameterType.String, HeaderParameterType.Integer, HeaderParameterType.Boolean],
            entry.HeaderParameters.Select(parameter => parameter.Type));
        Assert.Equal(["region", "options/limit", "dry"], entry.HeaderParameters.Select(PathOf));
    }

    [Theory]
    [InlineData("""{"properties":{"v":{"type":"string","x-mcp-header":""}}}""")]
    [InlineData("""{"properties":{"v":{"type":"string","x-mcp-header":"My Region"}}}""")]
    [InlineData("""{"properties":{"v":{"type":"string","x-mcp-header":"Region:Primary"}}}""")]
    [InlineData("""{"properties":{"v":{"type":"string","x-mcp-header":"Région"}}}""")]
    [InlineData("""{"properties":{"v":{"type":"string","x-mcp-header":"Region\t1"}}}""")]
    [InlineData("""{"properties":{"v":{"type":"string","x-mcp-header":7}}}""")]
    [InlineData("""{"properties":{"v":{"type":"number","x-mcp-header":"V"}}}""")]
    [InlineData("""{"properties":{"v":{"type":"object","x-mcp-header":"V"}}}""")]
    [InlineData("""{"properties":{"v":{"type":"array","items":{"type":"string"},"x-mcp-header":"V"}}}""")]
    [InlineData("""{"properties":{"v":{"type":"null","x-mcp-header":"V"}}}""")]
    [InlineData("""{"properties":{"v":{"type":["string","integer"],"x-mcp-header":"V"}}}""")]
    [InlineData("""{"properties":{"v":{"$ref":"#/$defs/v","x-mcp-header":"V"}}}""")]
    [InlineData("""{"properties":{"a":{"type":"string","x-mcp-header":"V"},"b":{"type":"string","x-mcp-header":"V"}}}""")]
    [InlineData("""{"properties":{"a":{"type":"string","x-mcp-header":"My"},"b":{"type":"string","x-mcp-header":"mY"}}}""")]
    [InlineData("""{"type":"string","x-mcp-header":"V"}""")]
    [InlineData("""{"properties":{"v":{"type":"array","items":{"type":"string","x-mcp-header":"V"}}}}""")]
    [InlineData("""{"properties":{"v":{"oneOf":[{"type":"string","x-mcp-header":"V"}]}}}""")]
    [InlineData("""{"allOf":[{"properties":{"v":{"type":"string","x-mcp-header":"V"}}}]}""")]
    [InlineData("""{"if":{"properties":{"v":{"type":"string","x-mcp-header":"V"}}}}""")]
    [InlineData("""{"$defs":{"v":{"type":"string","x-mcp-header":"V"}}}""")]
    public void A_tool_with_a_declaration_that_breaks_a_rule_is_reported(string schema)
    {
        Assert.NotNull(Read(schema, out var fault));
        Assert.NotNull(fault);
    }

    [Theory]
    [InlineData("""{"properties":{"x-mcp-header":{"type":"string"}}}""")]
    [InlineData("""{"properties":{"v":{"default":{"x-mcp-header":"no, data"}}}}""")]
    [InlineData("""{"properties":{"v":{"enum":[{"x-mcp-header":""}]}}}""")]
    [InlineData("""{"properties":{"properties":{"type":"string"}}}""")]
    [InlineData("""{"properties":[1,2]}""")]
    [InlineData("true")]
    [InlineData("{}")]
    public void What_only_looks_like_a_declaration_is_none(string schema)
    {
        var entry = Read(schema, out var fault);

        Assert.Null(fault);
        Assert.Empty(entry!.HeaderParameters);
    }

    [Fact]
    public void A_list_leaves_out_bad_tools_by_name_and_keeps_the_others()
    {
        var list = Samples.List(CatalogKind.Tools,
        [
            Samples.Tool("good"),
            """{"name":"bad","inputSchema":{"type":"object","properties":{"v":{"type":"number","x-mcp-header":"V"}}}}""",
        ]);

        Assert.Equal("good", Samples.Text(Assert.Single(list.Entries).Name));
        Assert.Equal("bad", Assert.Single(list.Findings.BadHeaders).Tool);
    }

    private static string PathOf(HeaderParameter parameter) => string.Join('/', parameter.Path.Select(name => Samples.Text(name)));

    private static CatalogEntry? Read(string schema, out string? fault) =>
        CatalogEntryReader.Read(CatalogKind.Tools, Samples.Bytes($$"""{"name":"t","inputSchema":{{schema}}}"""), out fault);
}
