package keys

// Lifetime is lifetime for tests.
var Lifetime = lifetime
