// Package fault is the one shape in which errors reach people and machines.
//
// An [Error] says what failed, where (file:line:col, configuration key or step) and what to do,
// and carries a stable dotted [Code]. Inside a package plain errors and sentinels are used; the
// place that knows the code wraps once, at the package's border. Everybody may import fault; it
// imports the standard library only.
//
// A fault never holds a payload, a header value or a secret: names, positions, sizes and limits only.
package fault
