package ctl

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxPath is how long the path of a unix socket may be: sun_path of unix(7) less
// the NUL at its end.
const maxPath = 107

// Dir gives the directory that stands for QNX's /dev/socket.
func Dir(prefix string) string { return filepath.Join("/", prefix, "dev/socket") }

// SocketPath gives the path of the control socket.
func SocketPath(prefix string) string { return filepath.Join(Dir(prefix), "config") }

// A Listener is the control socket of a running io-pkt, with the names that
// scripts wait for beside it.
type Listener struct {
	*net.UnixListener
	dir  string
	lock *os.File
	once sync.Once
	err  error
}

// Listen makes PREFIX/dev/socket with the socket in it. The directory appears
// with everything in it, ready to be connected to: a script that waited for it
// may go on at once. What an io-pkt that was killed left behind is replaced; one
// that runs makes Listen fail with EADDRINUSE. v6 adds the entry of the inet6
// family. What else such a script wants is made by prepare, unless that is nil, when
// it is known that no other io-pkt runs; its error is Listen's.
func Listen(prefix string, v6 bool, prepare func() error) (*Listener, error) {
	dir := Dir(prefix)
	if n := len(SocketPath(prefix)); n > maxPath {
		return nil, fmt.Errorf("listen on %s: the path has %d bytes, a socket's can have %d: %w",
			SocketPath(prefix), n, maxPath, syscall.ENAMETOOLONG)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", SocketPath(prefix), err)
	}
	lock, err := acquire(lockPath(dir))
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", SocketPath(prefix), err)
	}
	if prepare != nil {
		if err := prepare(); err != nil {
			release(lock)
			return nil, err
		}
	}
	l, err := publish(dir, names(v6))
	if err != nil {
		release(lock)
		return nil, fmt.Errorf("listen on %s: %w", SocketPath(prefix), err)
	}
	return &Listener{UnixListener: l, dir: dir, lock: lock}, nil
}

// Close stops listening and removes what Listen made. It may be called more than
// once.
func (l *Listener) Close() error {
	l.once.Do(func() {
		l.err = sweep(l.dir)
		if inUse(l.err) {
			l.err = nil
		}
		l.err = errors.Join(l.err, l.UnixListener.Close())
		release(l.lock) // last: only now may another io-pkt build here
	})
	return l.err
}

// inet6Name is the entry of the inet6 family.
const inet6Name = "24"

// names are the entries beside the socket: the address families (2 inet, 17
// route, 1 unix, 24 inet6, by NetBSD's numbers) and autoconnect.
func names(v6 bool) []string {
	n := []string{"2", "17", "1", "autoconnect"}
	if v6 {
		n = append(n, inet6Name)
	}
	return n
}

// publish builds the directory under another name and renames it. When there is
// one that will not go away, such as a container's mount point, it is filled in
// place.
func publish(dir string, names []string) (*net.UnixListener, error) {
	// Not longer than "socket", so that the path is no longer than the one checked.
	work := filepath.Join(filepath.Dir(dir), ".sock~")
	if err := sweep(work); err != nil {
		return nil, err
	}
	if err := sweep(dir); inUse(err) {
		return populate(dir, names)
	} else if err != nil {
		return nil, err
	}
	if err := os.Mkdir(work, 0o755); err != nil {
		return nil, err
	}
	l, err := populate(work, names)
	if err != nil {
		return nil, errors.Join(err, sweep(work))
	}
	if err := os.Rename(work, dir); err != nil {
		l.Close()
		return nil, errors.Join(err, sweep(work))
	}
	return l, nil
}

// inUse reports whether a directory could not be removed because it is a mount
// point or somebody else keeps things in it.
func inUse(err error) bool {
	return errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EBUSY)
}

// populate makes the socket and the links to it.
func populate(dir string, names []string) (*net.UnixListener, error) {
	if err := os.Chmod(dir, 0o755); err != nil { // whatever the umask
		return nil, err
	}
	path := filepath.Join(dir, "config")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // it goes by another name by then
	err = os.Chmod(path, 0o666)
	for _, n := range names {
		err = errors.Join(err, os.Symlink("config", filepath.Join(dir, n)))
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// sweep removes a directory that Listen made, and nothing in it that is not
// Listen's.
func sweep(dir string) error {
	for _, n := range append(names(true), "config") {
		path := filepath.Join(dir, n)
		st, err := os.Lstat(path)
		if err == nil && st.Mode()&(fs.ModeSocket|fs.ModeSymlink) != 0 {
			err = os.Remove(path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// lockPath names the file whose lock says that an io-pkt owns the directory. The
// kernel drops the lock when its owner dies in whatever way.
func lockPath(dir string) string { return dir + ".lock" }

// acquire takes the lock, or fails with EADDRINUSE.
func acquire(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, err
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			f.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				return nil, fmt.Errorf("another io-pkt is running there: %w", syscall.EADDRINUSE)
			}
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		// Between our open and our lock the owner may have removed the file; then
		// the lock is on nothing, and somebody else may hold the next one.
		ours, err1 := f.Stat()
		there, err2 := os.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(ours, there) {
			return f, nil
		}
		f.Close()
	}
}

// release removes the lock file, then drops the lock.
func release(f *os.File) {
	_ = os.Remove(f.Name()) // another one can lock the name we leave
	_ = f.Close()
}
