using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace NativeGateway.Tests;

/// <summary>What an assembly calls, read from its metadata: there an overload is told from another, which source text does not show.</summary>
internal static class AssemblyCalls
{
    /// <summary>Calls of Map overloads that take a <see cref="Delegate"/>, and the code that a generator writes in place of them.</summary>
    public static IReadOnlyList<string> DelegateRoutes(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        var faults = new List<string>();
        foreach (var handle in metadata.MemberReferences)
        {
            var member = metadata.GetMemberReference(handle);
            var name = metadata.GetString(member.Name);
            if (name.StartsWith("Map", StringComparison.Ordinal)
                && member.GetKind() == MemberReferenceKind.Method
                && member.DecodeMethodSignature(new TypeNames(), genericContext: null).ParameterTypes.Contains("System.Delegate"))
            {
                faults.Add(name);
            }
        }

        faults.AddRange(metadata.TypeDefinitions
            .Select(type => metadata.GetString(metadata.GetTypeDefinition(type).Name))
            .Where(name => name.Contains("GeneratedRouteBuilderExtensions", StringComparison.Ordinal)));
        return faults;
    }

    /// <summary>Types as their full names, with as little detail as the question above needs.</summary>
    private sealed class TypeNames : ISignatureTypeProvider<string, object?>
    {
        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
        {
            var type = reader.GetTypeReference(handle);
            return $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}";
        }

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => "";

        public string GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) => "";

        public string GetPrimitiveType(PrimitiveTypeCode typeCode) => "";

        public string GetSZArrayType(string elementType) => "";

        public string GetArrayType(string elementType, ArrayShape shape) => "";

        public string GetByReferenceType(string elementType) => "";

        public string GetPointerType(string elementType) => "";

        public string GetPinnedType(string elementType) => "";

        public string GetFunctionPointerType(MethodSignature<string> signature) => "";

        public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) => "";

        public string GetGenericMethodParameter(object? genericContext, int index) => "";

        public string GetGenericTypeParameter(object? genericContext, int index) => "";

        public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;
    }
}
