package module

// Limits are the ceilings of [Parse]. For comparison: a Go guest with encoding/json, net/mail and mime has 4.1 MB,
// 2,637 functions, the largest of 29 KB and none with more than 20 locals.
type Limits struct {
	Size         int // bytes of the whole file
	Types        int
	Arity        int // parameters or results of one type
	Imports      int
	Functions    int
	FunctionSize int // bytes of one function's code
	Locals       int // of one function, parameters not counted
	TotalLocals  int // of all functions
	Tables       int
	TableSize    int // entries that all tables together may begin with
	MemoryPages  int // pages of 64 KiB that the memory may begin with
	Globals      int
	Exports      int
	Segments     int // data and element segments, each
	NameLength   int // bytes of an import's, export's or custom section's name
}

// DefaultLimits lets real guests pass with room.
func DefaultLimits() Limits {
	return Limits{
		Size:         16 << 20,
		Types:        5_000,
		Arity:        128,
		Imports:      256,
		Functions:    20_000,
		FunctionSize: 512 << 10,
		Locals:       2_000,
		TotalLocals:  500_000,
		Tables:       16,
		TableSize:    1 << 18,
		MemoryPages:  16_384,
		Globals:      10_000,
		Exports:      1_000,
		Segments:     100_000,
		NameLength:   1_024,
	}
}
