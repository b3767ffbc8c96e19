// The names under which the mark is bound in manifests and answered for by the soft-binding interface, the one in use first.
// A change to carriers, code or residual that old readers could not follow gets a new number; what has one is still read.
export const MARK_ALGORITHM = 'org.darkroom.tiled-fourier.2'

/** With .1 the tile of larger pictures had the same side under every key. */
export const MARK_ALGORITHMS: readonly string[] = [MARK_ALGORITHM, 'org.darkroom.tiled-fourier.1']
