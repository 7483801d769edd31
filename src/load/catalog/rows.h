/* The rows of the catalog: one plain struct per kind, without pointers (strings and arrays are offsets
 * into pools), so that the compiled catalog is an array of them. Their field tables are the grammar of
 * the files in data/ and are compared with data/schema/ by a test. */
#ifndef VF_LOAD_ROWS_H
#define VF_LOAD_ROWS_H

#include "model/arch.h"
#include "model/hparams.h"
#include "vramfit/load.h"

/** The tables: one per public kind, and the size classes. */
typedef enum vf_table_id { VF_TABLE_SIZE_CLASS = VF_KIND_COUNT, VF_TABLE_COUNT } vf_table_id;

typedef enum vf_confidence { VF_CONFIDENCE_READ = 1, VF_CONFIDENCE_RECALLED } vf_confidence;

typedef struct vf_model_row {
    vf_str id;
    vf_span aliases;
    vf_str family; /**< of the file */
    vf_str arch, release, license, published_quant, note, source, unchecked, published_differs;
    uint8_t confidence; /**< vf_confidence */
    bool tied;
    uint64_t options; /**< bit VF_OPTION_x: blocks that the architecture calls optional */
    uint64_t parameters, parameters_active, parameters_vision, parameters_published;
    uint32_t context_extended; /**< that the maker says can be reached by scaling positions; 0: none */
    vf_hparams hparams;
} vf_model_row;

typedef struct vf_quant_row {
    vf_str name;
    vf_span aliases;
    uint8_t kind; /**< vf_quant_kind */
    uint8_t confidence;
    bool imatrix;
    uint32_t ftype;
    vf_str type;           /**< name of the storage type most weights have */
    vf_str output_type;    /**< of the output matrix and the token embeddings; empty: by the mix */
    vf_str quality;        /**< what it costs, and where that was measured */
    vf_str approximate;    /**< what makes the bits of a model differ from those of the mix; empty: exact */
    uint32_t spread_percent; /**< with it: published files hold up to so much more */
    uint32_t bits;         /**< × 1000, scales included */
    uint32_t nominal_bits; /**< × 1000, as the name says */
    uint8_t packing;       /**< vf_packing */
    uint8_t covers;        /**< vf_covers */
    uint32_t group;        /**< elements a scale, 0: a whole row */
    uint32_t head_bits;    /**< × 1000, of the output matrix where it has its own */
    vf_str runtime;        /**< which the name implies */
    vf_span runtimes;      /**< which load it */
    vf_str runtimes_text;  /**< the same, with commas */
    vf_str note, source;
} vf_quant_row;

typedef struct vf_gpu_row {
    vf_str name;
    vf_span aliases;
    vf_str vendor, class_, architecture, memory_type, bus, link, compute_capability, gfx, desktop, note, source;
    uint8_t confidence;
    bool unified_memory;
    uint32_t year;
    uint32_t memory_mib, driver_total_mib, reserved_linux_mib, reserved_windows_mib;
    uint32_t bandwidth_mbs;  /**< MB/s */
    uint32_t bus_width_bits;
    uint32_t data_rate_mbps; /**< Mbit/s per pin */
    uint32_t multiprocessors;
} vf_gpu_row;

typedef struct vf_runtime_row {
    vf_str name;
    vf_span aliases;
    vf_str version, note, source;
} vf_runtime_row;

typedef struct vf_desktop_row {
    vf_str name, note, source;
    uint64_t bytes, spread;
} vf_desktop_row;

typedef struct vf_size_class_row {
    vf_str name, model;
    uint64_t parameters;
} vf_size_class_row;

/** What the loader knows of a table. */
typedef struct vf_table {
    const char *key;        /**< the files' top-level key */
    const char *noun;       /**< for messages: "model" */
    size_t size;            /**< bytes of a row */
    const vf_field *fields;
    size_t name;            /**< offset of the vf_str that names a row */
    size_t aliases;         /**< offset of the vf_span of other names; SIZE_MAX: none */
} vf_table;

extern const vf_table vf_tables[VF_TABLE_COUNT];

/** "read", "recalled", or "". */
const char *vf_confidence_name(uint8_t confidence);
/** "gguf", "cast", "nominal", "scheme". */
const char *vf_quant_kind_name(uint8_t kind);
/** The words of 'packing' and 'covers'. */
const char *vf_packing_name(uint8_t packing);
const char *vf_covers_name(uint8_t covers);

#endif
