// Package expr is the expression language of pipelines: expressions, texts with ${...} or #{...} in
// them, and the places that `output` writes to. Package pipeline compiles with it once and evaluates
// often. It is the only package that knows github.com/expr-lang/expr, whose grammar and parser it uses;
// what the parser gives is compiled to functions here, so that limits, errors and meanings are ours.
//
// # Language
//
// A text that is exactly one expression keeps its type; in a mixed text a value reads as text, null as
// nothing, a list or map as JSON. $${ and ##{ stand for a literal ${ and #{. What an expression gives is
// never read as an expression. The names are body, vars, headers, event, request, exception, context.
//
// A missing name of a map is null; reading below null is an error unless written a?.b, which makes the
// rest of the chain null. list[0], list[-1], map['a b'], list[1:3], a ?? b. Literals: 'text', "text",
// `raw text`, 1.5, true, null, [1, 2] or {1, 2}, {a: 1}, {} is an empty list and {:} an empty map.
// Operators: + - * / % **, == != < <= > >=, and or not, matches (the whole text), contains, startsWith,
// endsWith, in, .., c ? a : b, a ?: b, if c {a} else {b}, let x = a; b, list | filter(.x > 1). A text
// plus anything is a text; whole numbers that do not fit, and division by zero, are errors. A condition
// is true, false or null (false). Predicates (filter map all any none one count sum find findIndex
// findLast findLastIndex groupBy sortBy reduce) see # or #this, #index, #acc. Functions and utils are
// listed by [Utils], methods such as .size() name the same functions. Spring's list.?[...] and
// list.![...] are refused with the spelling to use, as are assignments and a < b < c.
//
// The utils are @convert, @text, @json, @date and @hash of the language that pipelines know, without
// what has no meaning here: bytes and XML (@convert.fromBase64ToBytes, toByteArray, toXMLString, toDOM),
// reading from URIs (@convert.lazy), parsing by number pattern (@convert.toDecimal with three arguments),
// instants (@date.parseToInstant), guessing languages (@text.lang) and text that would be code
// (@text.concatAndFormat). Zones default to UTC and decimal symbols to '.', for lack of a user's own.
//
// # Limits
//
// [Options] holds the limits and their defaults. A step is one round of a predicate (more for a long
// one), one call, one comparison, one item looked at, or 64 bytes read; ctx is looked at every thousand
// steps. Bytes are counted before they are allocated. An error names limits, paths and types, never values.
package expr
