package stack

import (
	"context"
	"fmt"
	"slices"
	"syscall"

	"io-pkt/internal/ctl"
	"io-pkt/internal/nic"
	"io-pkt/internal/qnx"
	"io-pkt/slog"
)

// A module is a driver that is loaded, or being loaded. It is the nic.Host of
// its driver.
type module struct {
	stack *Stack
	file  string // "devnp-ecm.so", as it stands in the log
	name  string // "ecm"
	numbering

	cancel  context.CancelFunc // ends the driver's Load
	settled chan struct{}      // closed when Load has returned
	gone    chan struct{}      // closed when it is unloaded

	// Guarded by Stack.mu.
	driver  nic.Module // nil while it is being loaded, and when that failed
	used    bool       // it has had an interface
	closing bool       // no more interfaces
}

// Load loads a driver as "io-pkt -d driver options" does: the word gets the
// prefix devnp- and the suffix .so unless it is a path. It returns when the
// driver has attached what is there, or cannot work; both are logged as QNX's
// stack does. The error is ENXIO when there is no such driver, and else the
// driver's.
func (s *Stack) Load(ctx context.Context, driver, options string) error {
	return s.load(ctx, moduleName(driver), options)
}

// Mount loads a driver as "mount -T io-pkt -o options file" does: file is the
// module's name or path in full.
func (s *Stack) Mount(ctx context.Context, file, options string) error {
	return s.load(ctx, file, options)
}

// mount carries out a request to load a driver. It goes on when the client has
// hung up: a driver that was asked for is loaded, or fails, on QNX as well.
func (s *Stack) mount(ctx context.Context, r ctl.Request) error {
	if r.Instance != s.config.Instance {
		return fmt.Errorf("this is instance %d, not %d: %w", s.config.Instance, r.Instance, syscall.ENODEV)
	}
	return s.Mount(ctx, r.Driver, r.Options)
}

func (s *Stack) load(ctx context.Context, file, options string) error {
	shown := options
	if shown == "" {
		shown = "(null)" // as printf has it for a null pointer
	}
	s.log(slog.Info, "%s %s", file, shown)

	name := driverName(file)
	driver := s.config.Drivers[name]
	if driver == nil {
		s.log(slog.Error, "Unable to load %s: Library cannot be found\n", file)
		return fmt.Errorf("%s: no such driver: %w", file, syscall.ENXIO)
	}
	err := s.start(ctx, driver, &module{
		stack: s, file: file, name: name,
		settled: make(chan struct{}), gone: make(chan struct{}),
	}, options)
	if err != nil {
		s.log(slog.Error, "Unable to init %s: %s\n", file, qnx.ErrnoText(qnx.Errno(err)))
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// start runs the driver's Load and makes m one of the stack's modules.
func (s *Stack) start(ctx context.Context, driver nic.Driver, m *module, options string) (err error) {
	if m.numbering, options, err = takeNumbering(options); err != nil {
		return err
	}
	ctx, m.cancel = s.ended(ctx)
	defer m.cancel()

	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return syscall.ESHUTDOWN
	}
	s.modules = append(s.modules, m)
	s.mu.Unlock()

	loaded, err := driver.Load(ctx, m, options)

	s.mu.Lock()
	m.driver = loaded
	s.mu.Unlock()
	close(m.settled)
	if err != nil {
		s.unload(m) // nothing but our own traces of it
		return err
	}
	s.unloadIfPulled(m)
	return nil
}

// unload ends a module: its interfaces, the newest first, and then the driver.
// It returns when the module is gone.
func (s *Stack) unload(m *module) {
	s.mu.Lock()
	already := m.closing
	m.closing = true
	s.mu.Unlock()
	if already {
		<-m.gone
		return
	}
	m.cancel()
	<-m.settled
	for _, i := range slices.Backward(s.interfaces(m)) {
		s.destroy(i)
	}
	if m.driver != nil { // set before settled was closed
		if err := m.driver.Close(); err != nil {
			s.log(slog.Warning, "%s: unloading: %v", m.file, err)
		}
	}
	s.mu.Lock()
	s.modules = slices.DeleteFunc(s.modules, func(x *module) bool { return x == m })
	s.mu.Unlock()
	close(m.gone)
}

// unloadIfPulled unloads a module whose last device was pulled, unless it waits
// for others. It does so by itself: the driver's own goroutine may be calling.
func (s *Stack) unloadIfPulled(m *module) {
	s.mu.Lock()
	driver := m.driver
	done := driver == nil || m.closing || !m.used || s.hasInterfacesLocked(m)
	s.mu.Unlock()
	if !done && !driver.Resident() {
		s.spawn(func() { s.unload(m) })
	}
}
