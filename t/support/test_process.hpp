#pragma once

namespace support {

// Prepares this process for starting servers and being their client.
void prepare_process();

}  // namespace support
