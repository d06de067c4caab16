namespace NativeGateway;

/// <summary>
/// The operators of LINQ that the product uses most, standing in for the framework's everywhere in the product: the nearer namespace wins.
/// The framework's are virtual generic methods on each other's results, so the native compiler makes code for every type of element times
/// every type of result; these make code for the pairs in use.
/// </summary>
internal static class Sequences
{
    public static IEnumerable<TResult> Select<T, TResult>(this IEnumerable<T> source, Func<T, TResult> selector)
    {
        foreach (var item in source)
        {
            yield return selector(item);
        }
    }

    public static IEnumerable<TResult> Select<T, TResult>(this IEnumerable<T> source, Func<T, int, TResult> selector)
    {
        var index = 0;
        foreach (var item in source)
        {
            yield return selector(item, index++);
        }
    }

    public static IEnumerable<T> Where<T>(this IEnumerable<T> source, Func<T, bool> predicate)
    {
        foreach (var item in source)
        {
            if (predicate(item))
            {
                yield return item;
            }
        }
    }

    public static IEnumerable<TResult> SelectMany<T, TResult>(this IEnumerable<T> source, Func<T, IEnumerable<TResult>> selector)
    {
        foreach (var item in source)
        {
            foreach (var result in selector(item))
            {
                yield return result;
            }
        }
    }
}
