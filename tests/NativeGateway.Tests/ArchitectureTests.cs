using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using NativeGateway.Model;

namespace NativeGateway.Tests;

/// <summary>Keeps the structural promises of docs/architecture.md by reading the product's sources and its assembly.</summary>
public partial class ArchitectureTests
{
    /// <summary>What each folder may use besides itself and the base class library; the same table stands in docs/architecture.md.</summary>
    private static readonly Dictionary<string, string[]> Folders = new()
    {
        ["Protocol"] = [],
        ["Model"] = ["Protocol"],
        ["Telemetry"] = ["Protocol", "Model"],
        ["Storage"] = ["Model", "Telemetry"],
        ["DataPlane"] = ["Protocol", "Model", "Telemetry"],
        ["ControlPlane"] = ["Protocol", "Model", "Telemetry", "Storage", "DataPlane"],
        ["Hosting"] = ["Protocol", "Model", "Telemetry", "Storage", "DataPlane", "ControlPlane"],
    };

    /// <summary>The same within DataPlane.</summary>
    private static readonly Dictionary<string, string[]> DataPlaneFolders = new()
    {
        ["Policy"] = [],
        ["Upstream"] = ["Transport"],
        ["Catalog"] = ["Policy", "Upstream"],
        ["Sessions"] = ["Policy", "Catalog", "Upstream", "Transport"],
        ["Proxy"] = ["Policy", "Upstream", "Catalog", "Sessions", "Transport"],
        ["Downstream"] = ["Policy", "Upstream", "Catalog", "Sessions", "Proxy", "Transport"],
        ["Bridge"] = ["Upstream", "Catalog", "Proxy", "Downstream"],
        ["Connector"] = ["Upstream"],
        ["Transport"] = [],
    };

    private static readonly string[] AspNetPlaces =
        ["DataPlane/Downstream/", "DataPlane/Connector/ConnectorHub.cs", "ControlPlane/Admin/", "Hosting/"];

    private const int SoftLimit = 300;
    private const int HardLimit = 600;

    /// <summary>Files beyond the soft limit, each with the reason why it is better in one piece.</summary>
    private static readonly Dictionary<string, string> LongFiles = [];

    /// <summary>The names of the types that each folder of DataPlane declares.</summary>
    private static readonly ILookup<string, string> TypesOfDataPlane = SourceTree.Product
        .Where(file => file.Folder == "DataPlane")
        .SelectMany(file => TypeDeclaration().Matches(file.Code).Select(match => (file.Subfolder, Name: match.Groups["type"].Value)))
        .ToLookup(type => type.Subfolder, type => type.Name);

    [Fact]
    public void Folders_use_only_what_the_table_allows()
    {
        var faults = new List<string>();
        foreach (var file in SourceTree.Product)
        {
            foreach (var (folder, subfolder) in Uses(file))
            {
                if (folder != file.Folder && !AllowedFor(file).Contains(folder))
                {
                    faults.Add($"{file.Path} uses {folder}");
                }
                else if (folder == "DataPlane" && file.Folder == "DataPlane" && subfolder != file.Subfolder && !DataPlaneFolders[file.Subfolder].Contains(subfolder))
                {
                    faults.Add($"{file.Path} uses DataPlane/{subfolder}");
                }
            }
        }

        None(faults);
    }

    [Fact]
    public void Every_folder_stands_in_the_table()
    {
        None(SourceTree.Product.Select(file => file.Folder).Where(folder => folder.Length > 0 && !Folders.ContainsKey(folder)));
        None(SourceTree.Product.Where(file => file.Folder == "DataPlane" && !DataPlaneFolders.ContainsKey(file.Subfolder)).Select(file => file.Path));
        // Sequences.cs stands in for operators of LINQ in all folders alike, which only the nearest common namespace can do.
        Assert.Equal(["Program.cs", "Sequences.cs"], SourceTree.Product.Where(file => file.Folder.Length == 0).Select(file => file.Path).Order());
    }

    [Theory]
    [InlineData("| Folder | May use |", false)]
    [InlineData("| Folder of DataPlane | May use |", true)]
    public void The_tables_in_the_documentation_are_these(string header, bool isDataPlane)
    {
        var lines = File.ReadAllLines(Path.Combine(SourceTree.Root(), "docs", "architecture.md"));
        var start = Array.FindIndex(lines, line => line.StartsWith(header, StringComparison.Ordinal));
        Assert.True(start >= 0, $"docs/architecture.md has no table '{header}'.");

        var documented = lines[(start + 2)..].TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .ToDictionary(cells => cells[1], cells => Sorted(cells[2] == "—" ? [] : cells[2].Split(", ")));
        var actual = (isDataPlane ? DataPlaneFolders : Folders).ToDictionary(entry => entry.Key, entry => Sorted(entry.Value));
        Assert.Equal(actual, documented);
    }

    [Fact]
    public void Asp_net_is_known_at_the_doors_only() =>
        None(FilesWith(@"\bMicrosoft\.AspNetCore\b").Where(path => !Array.Exists(AspNetPlaces, place => path.StartsWith(place, StringComparison.Ordinal))));

    [Fact]
    public void Database_clients_are_known_in_storage_only() =>
        None(FilesWith(@"\b(Npgsql|Microsoft\.Data\.Sqlite|SQLitePCL)\b").Where(path => !path.StartsWith("Storage/", StringComparison.Ordinal)));

    [Fact]
    public void Nothing_static_can_change()
    {
        var fields = typeof(Snapshot).Assembly.GetTypes()
            .Where(type => !IsGenerated(type))
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(field => !field.IsLiteral && field.GetCustomAttribute<ThreadStaticAttribute>() is null)
            .Where(field => !field.IsInitOnly || IsMutableCollection(field.FieldType));

        None(fields.Select(field => $"{field.DeclaringType}.{field.Name}"));
    }

    [Fact]
    public void Routes_are_mapped_without_delegates()
    {
        // The overloads that take a Delegate make the compiler write code for each route (or reflect at run time); handlers take an HttpContext.
        None(AssemblyCalls.DelegateRoutes(typeof(Snapshot).Assembly.Location));
    }

    [Fact]
    public void Long_files_are_chosen_not_grown()
    {
        var tooLong = SourceTree.Product.Where(file => file.Lines > (LongFiles.ContainsKey(file.Path) ? HardLimit : SoftLimit));
        None(tooLong.Select(file => string.Create(CultureInfo.InvariantCulture, $"{file.Path} has {file.Lines} lines")));

        var needless = LongFiles.Keys.Where(path => !SourceTree.Product.Any(file => file.Path == path && file.Lines > SoftLimit));
        None(needless);
    }

    [Fact]
    public void Files_are_named_by_what_they_are() =>
        None(SourceTree.Product.Select(file => file.Path).Where(path => VagueName().IsMatch(path)));

    [Fact]
    public void Revisions_are_compared_in_one_file_only()
    {
        var faults = SourceTree.Product
            .Where(file => file.Path != "Protocol/ProtocolRevision.cs")
            .Where(file => RevisionDate().IsMatch(file.CodeWithLiterals) || RevisionComparison().IsMatch(file.Code))
            .Select(file => file.Path);

        None(faults);
    }

    [Fact]
    public void Comments_and_literals_are_told_from_code()
    {
        var file = new SourceFile("A/B.cs", """"
            // Npgsql 1
            /* Npgsql 2 */ var a = "Npgsql \" 3" + @"Npgsql "" 4\"; var c = '"'; // Npgsql 5
            var b = $"""Npgsql "6" {x}"""; var used = Npgsql.Seven;
            """");

        Assert.Equal("Npgsql.Seven", Assert.Single(Regex.Matches(file.Code, @"Npgsql\.?\w*")).Value);
        Assert.Equal(4, Regex.Count(file.CodeWithLiterals, "Npgsql"));
    }

    /// <summary>Shows every fault at once, each once.</summary>
    private static void None(IEnumerable<string> faults)
    {
        var all = string.Join('\n', faults.Distinct(StringComparer.Ordinal));
        Assert.True(all.Length == 0, all);
    }

    private static string[] AllowedFor(SourceFile file) => file.Folder.Length == 0 ? ["Hosting"] : Folders.GetValueOrDefault(file.Folder) ?? [];

    /// <summary>Folders that a file names: in usings, in full, or shortened as a namespace that encloses both lets it.</summary>
    private static IEnumerable<(string Folder, string Subfolder)> Uses(SourceFile file)
    {
        var code = NamespaceLine().Replace(file.Code, "");
        var uses = FolderUse().Matches(code).Select(match => (match.Groups["folder"].Value, match.Groups["subfolder"].Value));
        if (file.Folder != "DataPlane")
        {
            return uses;
        }

        // A property may be named like a folder; a type of that folder behind the dot tells the two apart.
        return uses.Concat(DottedNames().Matches(code)
            .Where(match => TypesOfDataPlane[match.Groups["subfolder"].Value].Contains(match.Groups["type"].Value))
            .Select(match => ("DataPlane", match.Groups["subfolder"].Value)));
    }

    private static IEnumerable<string> FilesWith(string pattern) =>
        SourceTree.Product.Where(file => Regex.IsMatch(file.Code, pattern)).Select(file => file.Path);

    private static string Sorted(IEnumerable<string> names) => string.Join(", ", names.Order(StringComparer.Ordinal));

    private static bool IsGenerated(Type type) =>
        (type.Name.Contains('<', StringComparison.Ordinal) && type.GetCustomAttribute<CompilerGeneratedAttribute>() is not null)
        || type.Name.StartsWith('<')
        || type.GetCustomAttribute<System.CodeDom.Compiler.GeneratedCodeAttribute>() is not null
        || (type.DeclaringType is { } outer && IsGenerated(outer));

    private static bool IsMutableCollection(Type type) =>
        type.Namespace == "System.Collections.Concurrent"
        || (type is { IsGenericType: true, Namespace: "System.Collections.Generic" } && type.Name is "List`1" or "Dictionary`2" or "HashSet`1" or "Queue`1" or "Stack`1");

    [GeneratedRegex(@"^\s*namespace\s+[\w.]+\s*;", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"(?:\bNativeGateway\.|(?<![\w.]))(?<folder>Protocol|Model|Telemetry|Storage|DataPlane|ControlPlane|Hosting)(?:\.(?<subfolder>[A-Z]\w*)|(?=;))")]
    private static partial Regex FolderUse();

    [GeneratedRegex(@"(?<![\w.])(?<subfolder>\w+)\.(?<type>[A-Z]\w*)")]
    private static partial Regex DottedNames();

    [GeneratedRegex(@"\b(class|struct|record|interface|enum)\s+(?<type>[A-Z]\w*)")]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"(^|/)(\w*(Utils?|Utilit(y|ies)|Helpers?|Managers?|Extensions)|Commons?|Misc)(\.cs|/)")]
    private static partial Regex VagueName();

    /// <summary>A date as a whole literal, or quoted within one; prose that names a revision is none of this test's business.</summary>
    [GeneratedRegex(@"""20(24-11-05|25-03-26|25-06-18|25-11-25|26-07-28)\\?""")]
    private static partial Regex RevisionDate();

    [GeneratedRegex(@"([=!<>]=|\bis|\bis not|\bcase|\bor|[<>])\s*ProtocolRevision\.[VN]|ProtocolRevision\.(V\d+|Newest\w+)(\.\w+)?\s*([=!<>]=|=>|\bor\b|\.CompareTo|\.Equals)")]
    private static partial Regex RevisionComparison();
}
