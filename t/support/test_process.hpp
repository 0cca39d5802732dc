#pragma once

namespace support {

// Prepares this process, which starts servers and is their client, for that.
void prepare_process();

}  // namespace support
