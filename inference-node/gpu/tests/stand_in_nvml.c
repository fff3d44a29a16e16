/* A stand-in for libnvidia-ml.so.1 with one card, for machines without a GPU. Layouts and numbers follow nvml.h.
 * What happens is read from the file CONTROL at each call: "ok", "lost", "unloaded", or "xid N TAG" (reported once a TAG).
 * Functions that are missing here are missing in old drivers too: the reader must bear that. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef unsigned int u32;
typedef unsigned long long u64;
enum { SUCCESS = 0, UNINITIALIZED = 1, INVALID = 2, NOT_SUPPORTED = 3, NOT_LOADED = 9, TIMED_OUT = 10, GPU_LOST = 15 };

static int card;
static char delivered[64];

static void control(char *text, int size) {
    FILE *file = fopen(CONTROL, "r");
    text[0] = 0;
    if (file) {
        if (!fgets(text, size, file)) text[0] = 0;
        fclose(file);
    }
}

static int state(void) {
    char text[64];
    control(text, sizeof text);
    if (!strncmp(text, "unloaded", 8)) return NOT_LOADED;
    return strncmp(text, "lost", 4) ? SUCCESS : GPU_LOST;
}

static int whole(void) { return state() == NOT_LOADED ? UNINITIALIZED : SUCCESS; }

int nvmlInit_v2(void) { return state() == NOT_LOADED ? NOT_LOADED : SUCCESS; }
int nvmlShutdown(void) { return SUCCESS; }
int nvmlSystemGetDriverVersion(char *text, u32 size) { snprintf(text, size, "580.95.05"); return whole(); }
int nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = 13000; return whole(); }
int nvmlDeviceGetCount_v2(u32 *count) { *count = 1; return whole(); }
int nvmlDeviceGetHandleByIndex_v2(u32 index, void **device) { *device = &card; return index ? INVALID : state(); }
int nvmlDeviceGetUUID(void *device, char *text, u32 size) { (void)device; snprintf(text, size, "GPU-stand-in"); return state(); }
int nvmlDeviceGetName(void *device, char *text, u32 size) { (void)device; snprintf(text, size, "NVIDIA Stand-In"); return state(); }
int nvmlDeviceGetIndex(void *device, u32 *index) { (void)device; *index = 0; return SUCCESS; }
int nvmlDeviceGetTemperature(void *device, u32 sensor, u32 *celsius) { (void)device; (void)sensor; *celsius = 51; return state(); }
int nvmlDeviceGetEccMode(void *device, u32 *now, u32 *next) { (void)device; (void)now; (void)next; return NOT_SUPPORTED; }

struct memory { u32 version; u64 total, reserved, free, used; };
int nvmlDeviceGetMemoryInfo_v2(void *device, struct memory *memory) {
    (void)device;
    if (memory->version != (sizeof *memory | 2 << 24)) return INVALID;
    memory->total = 1000; memory->reserved = 50; memory->free = 700; memory->used = 250;
    return state();
}

struct process { u32 pid; u64 bytes; u32 gpu_instance, compute_instance; };
int nvmlDeviceGetComputeRunningProcesses_v3(void *device, u32 *count, struct process *processes) {
    (void)device;
    u32 room = *count;
    *count = 1;
    if (!processes || room < 1) return 7; /* insufficient size */
    processes[0] = (struct process){ 4242, 200, 0xFFFFFFFF, 0xFFFFFFFF };
    return state();
}

struct field { u32 id, scope; long long when, took; u32 type; int result; u64 value; };
int nvmlDeviceGetFieldValues(void *device, int count, struct field *fields) {
    (void)device;
    for (int i = 0; i < count; i++) {
        fields[i].type = 1; /* unsigned int */
        fields[i].result = SUCCESS;
        switch (fields[i].id) {
        case 142: fields[i].value = 4; break; /* rows remapped, corrected */
        case 143: case 145: fields[i].value = 0; break;
        case 144: fields[i].value = 1; break; /* pending */
        case 230: fields[i].value = 4; break; /* recovery action: drain and reset */
        default: fields[i].result = NOT_SUPPORTED;
        }
    }
    return state();
}

int nvmlDeviceGetSupportedEventTypes(void *device, u64 *types) { (void)device; *types = 0xFF9F; return state(); }
int nvmlEventSetCreate(void **set) { *set = &delivered; return SUCCESS; }
int nvmlEventSetFree(void *set) { (void)set; return SUCCESS; }
int nvmlDeviceRegisterEvents(void *device, u64 types, void *set) { (void)device; (void)set; return types & 8 ? state() : NOT_SUPPORTED; }

struct event { void *device; u64 type, data; u32 gpu_instance, compute_instance; };
int nvmlEventSetWait_v2(void *set, struct event *event, u32 milliseconds) {
    (void)set;
    char text[64];
    control(text, sizeof text);
    if (strncmp(text, "xid ", 4) || !strcmp(text, delivered)) {
        usleep((milliseconds < 10 ? milliseconds : 10) * 1000);
        return TIMED_OUT;
    }
    u32 xid = 0;
    sscanf(text, "xid %u", &xid);
    strcpy(delivered, text);
    *event = (struct event){ &card, 8, xid, 0xFFFFFFFF, 0xFFFFFFFF };
    return SUCCESS;
}
