// Package slog is QNX's system log: events with a code, a severity and a time,
// the ring that keeps the newest, the server that programs write to and read
// from, and the text layout of sloginfo.
package slog
