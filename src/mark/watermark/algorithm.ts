// The name under which the mark is bound in manifests and answered for by the soft-binding interface.
// A change to carriers, code or residual that old readers could not follow gets a new number.
export const MARK_ALGORITHM = 'org.darkroom.tiled-fourier.1'
