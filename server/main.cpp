// leadex: the one program. The verbs of this machine stand in server/program, those that speak
// HTTPS in server/cli.

#include "server/program/verbs.hpp"

int main(int argc, char** argv) {
  return leadex::cli::run_command_line(argc, argv, leadex::program::local_verbs());
}
