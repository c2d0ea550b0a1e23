import Imaging
import Inference

/// Whether what was drawn is these pictures.
public func == (drawn: Drawn, pictures: [PixelImage]) -> Bool { drawn.pictures == pictures }
public func == (pictures: [PixelImage], drawn: Drawn) -> Bool { drawn == pictures }
public func != (drawn: Drawn, pictures: [PixelImage]) -> Bool { drawn.pictures != pictures }
