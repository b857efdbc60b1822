package slog

// A Code says what an event is about: a major code for the subsystem in its
// lower 20 bits, and a minor code that the subsystem chooses in the 12 above.
type Code uint32

// The widths of a code's parts.
const (
	majorBits = 20
	maxMajor  = 1<<majorBits - 1
	maxMinor  = 1<<12 - 1
)

// NewCode makes a code. A major code is 0 to 1048575, a minor code 0 to 4095;
// bits above are cut off.
func NewCode(major, minor uint32) Code {
	return Code(minor&maxMinor<<majorBits | major&maxMajor)
}

// Major gives the major code.
func (c Code) Major() uint32 { return uint32(c) & maxMajor }

// Minor gives the minor code.
func (c Code) Minor() uint32 { return uint32(c) >> majorBits }

// The major codes (QNX 6.6 sys/slogcodes.h). Those from OEM up to ThirdParty
// are for the builder of a system, those from ThirdParty on for anybody else.
const (
	Console          = 0
	Proc             = 1
	Syslog           = 2
	FS               = 3
	Block            = 4
	CAM              = 5
	Char             = 6
	Audio            = 7
	Graphics         = 8
	Input            = 9
	Network          = 10 // drivers; the stack itself has TCPIP
	Printer          = 11
	USB              = 12
	PPP              = 13
	TCPIP            = 14
	Qnet             = 15
	Photon           = 16
	PCI              = 17
	DevP             = 18
	SIM              = 19
	Media            = 20
	Dumper           = 21
	PMM              = 22
	MCD              = 23
	SLM              = 24
	VPF              = 25
	QDB              = 26
	MME              = 27
	HB               = 28
	PPS              = 29
	ASR              = 30
	GN               = 31
	CoreServ         = 32
	Sensor           = 33
	IPod             = 34
	Camera           = 35
	ResArb           = 36
	NPAPM            = 37
	IOAP             = 38
	MMSync           = 39
	DLNA             = 40
	SecurityPlatform = 41
	SDIO             = 42
	HID              = 43
	OEM              = 10000
	ThirdParty       = 20000
)

// Minor codes under USB and TCPIP.
const (
	USBGeneric      = 0
	USBUHCI         = 100
	USBOHCI         = 200
	TCPIPNetManager = 2000
)
