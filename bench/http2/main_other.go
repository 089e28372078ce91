//go:build !linux

package main

func main() { panic("this measurement needs Linux") }
