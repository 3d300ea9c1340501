package dev.ringside;

import dev.ringside.fuzz.FuzzCorpus;

/** The inputs of this module's fuzz targets. */
class BlkFuzzCorpusTest extends FuzzCorpus {}
