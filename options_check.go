package websocket

import (
	"fmt"

	"github.com/zerowire/websocket/codec"
)

// validate returns the policy of the origins that a server accepts, or an ErrOptions.
func (o *Options) validate() (originPolicy, error) {
	if err := o.check(); err != nil {
		return originPolicy{}, err
	}
	return newOriginPolicy(o)
}

// check returns an ErrOptions that names a field whose value has no meaning. It does not
// check Origins, which only servers use.
func (o *Options) check() error {
	for _, name := range o.Subprotocols {
		if !codec.IsSubprotocol(name) {
			return fmt.Errorf("%w: Subprotocols: %q: %w: want a name without spaces, commas and quotation marks", ErrOptions, name, codec.MisuseSubprotocol)
		}
	}
	if z := o.Compression; z != nil {
		if z.Level < 0 || z.Level > 9 {
			return fmt.Errorf("%w: Compression.Level is %d: want 1 (fastest) to 9 (smallest), or 0 for the default", ErrOptions, z.Level)
		}
		if z.WindowBits != 0 && (z.WindowBits < 8 || z.WindowBits > 15) {
			return fmt.Errorf("%w: Compression.WindowBits is %d: want 8 to 15, or 0 for the default", ErrOptions, z.WindowBits)
		}
	}
	if o.Overflow > Disconnect {
		return fmt.Errorf("%w: Overflow is %d: want Block, DropOldest, DropNewest or Disconnect", ErrOptions, o.Overflow)
	}
	return nil
}
