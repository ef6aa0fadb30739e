module github.com/penstock/penstock/sdk/go

go 1.26.0
