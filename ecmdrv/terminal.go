package ecmdrv

// A Terminal is where users type AT commands and read what the device says. It
// belongs to one goroutine, and nothing in it blocks.
type Terminal interface {
	// Path is what users open.
	Path() string

	// Read takes what was typed, at most len(b) bytes; 0 when there is nothing
	// now, or b is empty. It must be called when PollFD says so; what it leaves
	// then is not announced again.
	Read(b []byte) (int, error)

	// Write takes all of b. When too much waits to be read the oldest is
	// dropped, and it says how many bytes.
	Write(b []byte) (dropped int)

	// PollFD gives a descriptor for poll(2) and the events that mean that Read
	// has something to do. It belongs to the terminal.
	PollFD() (fd int, events int16)

	// Close takes the terminal away from its users. It may be called more than
	// once.
	Close() error
}
