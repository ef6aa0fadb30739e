// Package child runs the calling test once more in a process of its own, which the test may kill,
// starve or break. The child is the same test function, told apart by [Args]:
//
//	func TestCrash(t *testing.T) {
//		if args, ok := child.Args(); ok {
//			work(t, args[0]) // in the child: report what is acknowledged with child.Report
//			return
//		}
//		p := child.Start(t, nil, t.TempDir())
//		... p.Line() ... p.Kill() ...
//	}
//
// A child never outlives its test by more than two minutes.
package child
