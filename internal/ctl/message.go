// Package ctl is the control protocol between io-pkt and its clients (ifconfig,
// if_up, nicinfo): requests and replies, one JSON object a line, over the unix
// socket PREFIX/dev/socket/config.
//
// The operations stand for the socket ioctls that the QNX commands make, one
// for one, so that a client's order of work and its error texts ("ifconfig:
// SIOCSIFMTU: Invalid argument") are those of the original.
//
// io-pkt makes a Listener with Listen and lets a Server answer for a Handler on
// it. The server has a goroutine for each connection; its Close ends them all and
// removes the socket. A client calls Dial, then Do as often as it likes or Follow
// once; it has no goroutines.
package ctl

import "net/netip"

// Version is the protocol's version. A server refuses another one with EPROTO.
const Version = 1

// Limits of the protocol: what is over them ends the connection.
const (
	MaxRequest = 64 << 10 // bytes in one request line
	MaxReply   = 4 << 20  // bytes in one reply line
	MaxClients = 64       // connections at once
)

// An Op is an operation.
type Op string

// The operations. Those that change something are allowed for root and for the
// user io-pkt runs as; others get EPERM.
const (
	OpList      Op = "list"      // every interface: Reply.Interfaces, lo0 first
	OpGet       Op = "get"       // SIOCGIFFLAGS and friends: the interface named, or ENXIO
	OpSetFlags  Op = "setflags"  // SIOCSIFFLAGS: Request.Set and Request.Clear
	OpSetMTU    Op = "setmtu"    // SIOCSIFMTU: Request.Value
	OpSetMetric Op = "setmetric" // SIOCSIFMETRIC: Request.Value
	OpSetMedia  Op = "setmedia"  // SIOCSIFMEDIA: Request.Media, as Media.Supported has it; ENXIO when it is not there
	OpSetCap    Op = "setcap"    // SIOCSIFCAP: Request.Rx and Request.Tx are what shall be enabled
	OpZeroStats Op = "zerostats" // SIOCZIFDATA: the interface as it was, and its Stats begin anew
	OpAddAddr   Op = "addaddr"   // SIOCAIFADDR: Request.Address
	OpDelAddr   Op = "deladdr"   // SIOCDIFADDR: Request.Address; without one the primary inet address
	OpPrefer    Op = "prefer"    // SIOCSIFADDRPREF: Request.Address has the preference Request.Value
	OpAddLink   Op = "addlink"   // SIOCALIFADDR: Request.MAC is one more link address, or with Request.Active the one
	OpDelLink   Op = "dellink"   // SIOCDLIFADDR: Request.MAC; not the active one, which is EBUSY
	OpSetVLAN   Op = "setvlan"   // SIOCSETVLAN: Request.VLAN; without a parent the interface leaves the one it has
	OpCreate    Op = "create"    // SIOCIFCREATE
	OpDestroy   Op = "destroy"   // SIOCIFDESTROY
	OpCloners   Op = "cloners"   // SIOCIFGCLONERS: Reply.Cloners
	OpMount     Op = "mount"     // load a driver: Request.Driver, Request.Options; ENODEV when Request.Instance is another stack's
	OpFollow    Op = "follow"    // a reply as to OpList now and after each change, until the client hangs up
)

// A Request is one line from a client.
type Request struct {
	Version   int      `json:"v"`
	Op        Op       `json:"op"`
	Interface string   `json:"if,omitempty"`
	Set       Flags    `json:"set,omitempty"`
	Clear     Flags    `json:"clear,omitempty"`
	Value     int      `json:"value,omitempty"`
	Address   *Address `json:"address,omitempty"`
	MAC       string   `json:"mac,omitempty"`
	Active    bool     `json:"active,omitempty"`
	Media     string   `json:"media,omitempty"`
	Rx        uint32   `json:"rx,omitempty"`
	Tx        uint32   `json:"tx,omitempty"`
	VLAN      *VLAN    `json:"vlan,omitempty"`
	Driver    string   `json:"driver,omitempty"`
	Options   string   `json:"options,omitempty"`
	Instance  int      `json:"instance,omitempty"`
}

// A Reply is one line from the server. Errno is 0 when all went well, else a
// Linux errno number; Error then says more, for people.
type Reply struct {
	Version    int         `json:"v"`
	Errno      int         `json:"errno,omitempty"`
	Error      string      `json:"error,omitempty"`
	Interfaces []Interface `json:"interfaces,omitempty"`
	Cloners    []string    `json:"cloners,omitempty"`
}

// Flags are interface flags with QNX's bits (QNX 6.6 net/if.h).
type Flags uint32

// The flag bits.
const (
	FlagUp           Flags = 0x1
	FlagBroadcast    Flags = 0x2
	FlagDebug        Flags = 0x4
	FlagLoopback     Flags = 0x8
	FlagPointToPoint Flags = 0x10
	FlagNoTrailers   Flags = 0x20
	FlagRunning      Flags = 0x40
	FlagNoARP        Flags = 0x80
	FlagPromisc      Flags = 0x100
	FlagAllMulti     Flags = 0x200
	FlagOActive      Flags = 0x400
	FlagSimplex      Flags = 0x800
	FlagLink0        Flags = 0x1000
	FlagLink1        Flags = 0x2000
	FlagLink2        Flags = 0x4000
	FlagMulticast    Flags = 0x8000
)

// An Interface is what ifconfig prints of one.
type Interface struct {
	Name   string `json:"name"`
	Index  int    `json:"index"`
	Flags  Flags  `json:"flags"`
	Metric int    `json:"metric,omitempty"`
	MTU    int    `json:"mtu,omitempty"`
	MaxMTU int    `json:"maxmtu,omitempty"` // what the hardware can carry; 0 for lo0
	// MAC is "02:00:00:00:00:01", empty when there is no link address;
	// PermanentMAC is the hardware's own, if it has one.
	MAC          string `json:"mac,omitempty"`
	PermanentMAC string `json:"permanentmac,omitempty"`
	// Links are further link addresses, which are not in use.
	Links []string `json:"links,omitempty"`
	// CapRx and CapTx are what the interface is capable of, EnabledRx and
	// EnabledTx what of that is on.
	CapRx     uint32 `json:"caprx,omitempty"`
	CapTx     uint32 `json:"captx,omitempty"`
	EnabledRx uint32 `json:"enabledrx,omitempty"`
	EnabledTx uint32 `json:"enabledtx,omitempty"`
	// VLAN is nil for what is no VLAN interface.
	VLAN *VLAN `json:"vlan,omitempty"`
	// Media is nil when the driver does not report any.
	Media *Media `json:"media,omitempty"`
	// Addresses are in the order in which they are printed: inet with the
	// primary first, then inet6.
	Addresses []Address `json:"addresses,omitempty"`
	Stats     Stats     `json:"stats"`
	// Driver is empty for lo0.
	Driver      string    `json:"driver,omitempty"`
	Description string    `json:"description,omitempty"`
	Counters    []Counter `json:"counters,omitempty"` // the driver's own, in its words
}

// Media is what the media and status lines of ifconfig say.
type Media struct {
	Current string `json:"current"`          // "autoselect"
	Active  string `json:"active,omitempty"` // "100baseTX full-duplex"; empty when it is as Current
	// Supported are all that Current can be set to.
	Supported []string `json:"supported,omitempty"`
	// Link is what the status line says: true "active", false "no carrier".
	Link bool `json:"link"`
	// BitRate is the device's towards the host in bits per second, 0 when unknown.
	BitRate uint64 `json:"bitrate,omitempty"`
}

// A VLAN is what makes a VLAN interface (IEEE 802.1Q): its frames are those of
// the parent that have the tag.
type VLAN struct {
	Tag    int    `json:"tag,omitempty"`
	Parent string `json:"parent,omitempty"` // empty when it has none yet
}

// An Address is one address of an interface.
type Address struct {
	Addr netip.Addr `json:"addr"` // without zone
	// Mask is the inet netmask in host order, taken as given; inet6 has
	// PrefixLen.
	Mask      uint32     `json:"mask,omitempty"`
	PrefixLen int        `json:"prefixlen,omitempty"`
	Broadcast netip.Addr `json:"broadcast,omitzero"` // invalid: none
	Dest      netip.Addr `json:"dest,omitzero"`      // point-to-point peer
	// Anycast, Tentative, Duplicated, Deprecated: inet6 states.
	Anycast    bool `json:"anycast,omitempty"`
	Tentative  bool `json:"tentative,omitempty"`
	Duplicated bool `json:"duplicated,omitempty"`
	Deprecated bool `json:"deprecated,omitempty"`
	// Lifetimes in seconds, 0xffffffff for endless; inet6 only.
	PreferredLifetime uint32 `json:"pltime,omitempty"`
	ValidLifetime     uint32 `json:"vltime,omitempty"`
	Preference        int    `json:"preference,omitempty"` // among the interface's own; shown only
}

// Stats are the interface's counters, seen from the host: In is what came from the
// device. Multicasts are frames to any group, of which Broadcasts are those to all.
// Where there is a driver, Packets are frames as they are on the wire, and so are all
// Drops but those by the kernel, which counts large frames once.
type Stats struct {
	InPackets, InBytes, InErrors, InDrops, InMulticasts, InBroadcasts       uint64
	OutPackets, OutBytes, OutErrors, OutDrops, OutMulticasts, OutBroadcasts uint64
	Collisions                                                              uint64
}

// Add gives the sums of two sets of counters.
func (s Stats) Add(t Stats) Stats {
	s.each(t, func(a, b uint64) uint64 { return a + b })
	return s
}

// Sub gives what s counts beyond t, nothing where t is more.
func (s Stats) Sub(t Stats) Stats {
	s.each(t, func(a, b uint64) uint64 { return a - min(a, b) })
	return s
}

func (s *Stats) each(t Stats, f func(a, b uint64) uint64) {
	for _, p := range []struct {
		a *uint64
		b uint64
	}{
		{&s.InPackets, t.InPackets}, {&s.InBytes, t.InBytes}, {&s.InErrors, t.InErrors},
		{&s.InDrops, t.InDrops}, {&s.InMulticasts, t.InMulticasts}, {&s.InBroadcasts, t.InBroadcasts},
		{&s.OutPackets, t.OutPackets}, {&s.OutBytes, t.OutBytes}, {&s.OutErrors, t.OutErrors},
		{&s.OutDrops, t.OutDrops}, {&s.OutMulticasts, t.OutMulticasts}, {&s.OutBroadcasts, t.OutBroadcasts},
		{&s.Collisions, t.Collisions},
	} {
		*p.a = f(*p.a, p.b)
	}
}

// A Counter is one of the driver's counters.
type Counter struct {
	Name  string `json:"name"`
	Value uint64 `json:"value"`
}
