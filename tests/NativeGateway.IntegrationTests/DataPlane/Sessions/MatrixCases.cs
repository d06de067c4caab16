namespace NativeGateway.IntegrationTests.DataPlane.Sessions;

/// <summary>Who hears a message that an upstream sends before its response.</summary>
internal enum Reach
{
    Everybody,

    /// <summary>A log message for which the request did not ask: modern upstreams do not send it, modern clients do not get it.</summary>
    LegacyClients,

    /// <summary>A log message below the level that the client wishes: modern upstreams do not send it.</summary>
    Nobody,
}

/// <summary>A message of an upstream as a template.</summary>
internal sealed record Reply(string Template, Reach Reach = Reach.Everybody)
{
    public bool IsSentBy(Side upstream, Side client) => Reach switch
    {
        Reach.Everybody => true,
        Reach.LegacyClients => !upstream.IsModern || !client.IsModern,
        _ => !upstream.IsModern,
    };

    public bool Reaches(Side client) => Reach == Reach.Everybody || (Reach == Reach.LegacyClients && !client.IsModern);
}

/// <summary>A request and what the upstream answers, as templates with the slots of <see cref="Rewrites"/>. <c>x-case</c> marks it for the upstream.</summary>
internal sealed record MatrixCase(string Name, string Request, params Reply[] Replies)
{
    private const string Progress =
        """{"jsonrpc":"2.0", "method":"notifications/progress","params":{"progressToken":«token» ,"progress":5.0e-1,"x-y":[ ]} }""";

    private const string Log =
        """{ "jsonrpc":"2.0","method":"notifications/message","params":{"level":"warning" ,"logger":"\u0061","data":{"n":1.0e5,"big":9007199254740993}}}""";

    private const string DebugLog = """{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"debug","data":1}}""";

    public static readonly IReadOnlyList<MatrixCase> All =
    [
        new("tools/list",
            """{"jsonrpc" : "2.0","id":«id» ,"x-case":1.0e5, "method":"tools/list"«params»}""",
            Result("""«listed»"tools":[ {"x-vendor":[1E400], "name":"t" ,"inputSchema":{"type":"object","$defs":{"a":{"$anchor":"\u0061"}}},"x-n":0.10} ]""")),
        new("tools/list, a further page",
            """{"method":"tools/list", "x-case":0,"params":{«bare»"cursor":"" },"id":«id»,"jsonrpc":"2.0"}""",
            Result("""«listed»"tools":[ ] ,"nextCursor":"\u002B\/=" """)),
        new("tools/call with text",
            """
            {"jsonrpc" : "2.0","id":«id» ,"x-case":1.0e5, "method":"tools/call","params":{«meta»"name":"t\u00e9","arguments":{ "n":1.0e5,"big":9007199254740993,"u":"\ud83d\ude00 é","e":[ {}, [ ] ],"z":-0.0 } },"x-top":[1.0E+2]}
            """,
            Result("""«done»"content":[ {"type":"text","text":"a\u0062\/ 😀" ,"x":1.50} ],"x-z":-0.0""")),
        new("tools/call with an image",
            Call("image"),
            Result("""«begin»"content":[{"type":"image", "data":"aGk=","mimeType":"image\/png","annotations":{"priority":1.0}}]«end»""")),
        new("tools/call with structured content",
            Call("structured"),
            Result("""«begin»"structuredContent" : { "n":1e2, "big":18446744073709551615,"o":{"\u006b":[ null ]} },"content":[{"type":"text","text":"{}"}]«end»""")),
        new("tools/call with an error of the tool",
            Call("broken"),
            Result("""«done»"isError" : true , "content":[{"type":"text","text":"no"}]""")),
        new("tools/call of an unknown tool",
            Call("unknown"),
            Error("""{ "code":-32602 , "message":"Unknown tool: \u00e9", "data":{"n":1.0e2} ,"x":null }""")),
        new("tools/call over several lines",
            "{\n\t\"jsonrpc\":\"2.0\",\n\t\"id\":«id»,\n\t\"x-case\":1,\n\t\"method\":\"tools/call\",\n\t\"params\":{«bare»\"name\":\"t\",\n\t\"arguments\":{}}\n}",
            new Reply("{\n\t\"jsonrpc\":\"2.0\",\n\t\"id\":«id»,\n\t\"result\":{«done»\"content\":[\n\t]}\n}")),
        new("tools/call with progress and log messages",
            """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"tools/call","params":{«log-meta»"name":"t","arguments":{}}}""",
            new Reply(Progress),
            new Reply(Log),
            new Reply(DebugLog, Reach.Nobody),
            Result("""«done»"content":[ ]""")),
        new("tools/call whose client asked for no log messages",
            Call("t"),
            new Reply(Log, Reach.LegacyClients),
            Result("""«done»"content":[ ]""")),
        new("prompts/list",
            """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"prompts/list","params":{«bare»"x":1.0}}""",
            Result("""«listed»"prompts":[{"name":"p", "arguments":[ {"name":"a","required":true} ],"x":1e1}]""")),
        new("prompts/get",
            """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"prompts/get","params":{«meta»"name":"p q","arguments":{ "a":"\u00fc" } }}""",
            Result("""«begin»"description":"\u00fc","messages":[ {"role":"user","content":{"type":"text","text":"x" } } ]«end»""")),
        new("resources/list",
            """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"resources/list","params":{«bare»"x":1.0}}""",
            Result("""«listed»"resources":[{"uri":"a:\/\/b?c=\u0064","name":"r","size":1.0e3}]""")),
        new("resources/templates/list",
            """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"resources/templates/list"«params»}""",
            Result("""«listed»"resourceTemplates":[{"uriTemplate":"a://{b}", "name":"r"}]""")),
        new("resources/read",
            """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"resources/read","params":{«bare»"uri" : "a:\/\/b c\u00e9"}}""",
            Result("""«listed»"contents":[{"uri":"a://b%20c","text":"\u0000","_meta":{"ui":{ }}} , {"uri":"d:","blob":""}]""")),
        new("resources/read of a missing resource",
            """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"resources/read","params":{«bare»"uri":"a://gone"}}""",
            Error("""{"message":"gone" , "code" : «missing», "data":{ "uri":"a://gone" }}""")),
        new("completion/complete",
            """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"completion/complete","params":{«bare»"ref":{ "type":"ref/prompt","name":"p" },"argument":{"name":"a","value":""}}}""",
            Result("""«done»"completion":{"values":[ "\u0061" ],"total":1e0, "hasMore":false}""")),
        new("a vendor's method",
            """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"vendor/do","params":{«bare»"x":[1.0]}}""",
            Result("""«nothing-else»""")),
        new("a method that the upstream does not know",
            """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"vendor/unknown","params":{«bare»"x":[1.0]}}""",
            Error("""{"code":-32601,"message":"Method \"vendor\/unknown\" not found" }""")),
    ];

    /// <summary>The same for the aggregate endpoint, where names and URIs bear the server.</summary>
    public static readonly IReadOnlyList<MatrixCase> OfAggregate =
    [
        new("tools/call",
            """{"jsonrpc" : "2.0","x-case":1.0e5,"id":«id»,"method":"tools/call","params":{«meta»"arguments":{ "n":1.0e5 } ,"name": "«name»t"}}""",
            Result("""«begin»"content":[{"type":"resource","resource":{ "text":"\u0061","uri" : "«uri»a://b"}} , {"type":"text","text":"a://b"}]«end»""")),
        new("tools/call over several lines",
            "{\n\t\"jsonrpc\":\"2.0\",\n\t\"id\":«id»,\n\t\"x-case\":1,\n\t\"method\":\"tools/call\",\n\t\"params\":{«bare»\"name\":\"«name»t\",\n\t\"arguments\":{}}\n}",
            new Reply("{\n\t\"jsonrpc\":\"2.0\",\n\t\"id\":«id»,\n\t\"result\":{«done»\"content\":[\n\t]}\n}")),
        new("tools/call with progress and log messages",
            """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"tools/call","params":{«log-meta»"name":"«name»t","arguments":{}}}""",
            new Reply(Progress),
            new Reply(Log),
            new Reply(DebugLog, Reach.Nobody),
            Result("""«begin»"structuredContent" : { "n":1e2, "big":18446744073709551615 },"isError" : true ,"content":[ ]«end»""")),
        new("prompts/get",
            """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"prompts/get","params":{«bare»"name":"«name»p","arguments":{"a":"\u00fc"} }}""",
            Result("""«done»"messages":[ {"content":{"type":"text","text":"x" },"role":"user" } ]""")),
        new("resources/read",
            """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"resources/read","params":{«bare»"uri" : "«uri»a://b"}}""",
            Result("""«listed»"contents":[{"text":"\u0000","uri":"«uri»a://b%20c"} , {"uri":"«uri»d:","blob":""}]""")),
        new("resources/read of a missing resource",
            """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"resources/read","params":{«bare»"uri":"«uri»a://gone"}}""",
            Error("""{"message":"gone" , "code" : «missing», "data":{ "uri":"«uri»a://gone" ,"n":1.0}}""")),
        new("completion/complete",
            """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"completion/complete","params":{«bare»"ref":{ "name":"«name»p","type":"ref/prompt" },"argument":{"name":"a","value":""}}}""",
            Result("""«done»"completion":{"values":[ "\u0061" ] }""")),
    ];

    public override string ToString() => Name;

    private static string Call(string tool) =>
        $$"""{"id":«id»,"jsonrpc":"2.0","x-case" : 1,"params":{«bare»"arguments" : { },"name":"{{tool}}" },"method":"tools/call"}""";

    private static Reply Result(string members) => new($$"""{"id" : «id», "jsonrpc":"2.0" ,"result":{{{members}}},"x-end":null}""");

    private static Reply Error(string error) => new($$"""{"jsonrpc":"2.0","error":{{error}}, "id":«id» }""");
}
